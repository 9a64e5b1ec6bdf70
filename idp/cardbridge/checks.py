"""System checks (`manage.py check`): what a production must not hold, or must say."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.db import DatabaseError

from idp.cardbridge.flows.trust_state import trust_state
from idp.cardbridge.models import TrustedCertificate
from idp.cardbridge.rules.hierarchy import is_test_name


def no_test_authority_in_production(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Decision 10: it would not be used, and it has no business there."""
    if settings.HYGIE.is_sandbox:
        return []
    try:
        rows = list(TrustedCertificate.objects.values_list("subject", "sha256", "is_test"))
    except DatabaseError:
        return []  # no table yet: nothing is trusted
    return [
        Error(
            f"TEST certification authority in a production database: {subject} ({sha256}).",
            hint="Start production on a database of its own.",
            id="cardbridge.E001",
        )
        for subject, sha256, is_test in rows
        if is_test or is_test_name([subject])
    ]


def revocation_news_are_present(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Cards are refused, or will be: said wherever the checks run (`manage.py check`, a start)."""
    if settings.HYGIE.is_sandbox:
        return []
    try:
        states = trust_state()
    except DatabaseError:
        return []  # no table yet: nothing is trusted
    return [
        Warning(
            f"{state.row.subject}: {problem}",
            hint="manage.py trust show; manage.py crl refresh",
            id="cardbridge.W002",
        )
        for state in states
        for problem in state.problems
    ]


def card_policies_are_said(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Without accepted policies every card is refused: fail closed, and say so."""
    if settings.HYGIE.is_sandbox or settings.HYGIE.accepted_card_policies:
        return []
    return [
        Warning(
            "No card can log in: HYGIE_CARD_POLICIES is empty.",
            hint="List the policy identifiers of the cards' authentication certificates.",
            id="cardbridge.W001",
        )
    ]
