"""What the tests of card login do again and again."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings

from idp.cardbridge.flows.answer import log_in_with_card
from idp.cardbridge.flows.challenges import issue_challenge
from idp.core.errors import IdpError
from idp.login.models import LoginAttempt
from idp.sandbox.pki.store import Credential
from tests.emulators.cards import make_token, sign_token


def load_addresses() -> None:
    """Addresses are decided once a process: in sandbox mode, before a test changes the mode."""
    import_module("idp.urls")


def answer(attempt: LoginAttempt, token: Any) -> str:
    """Sends a token (a dict, or raw bytes): `""` when it logs in, else the code of the refusal."""
    body = token if isinstance(token, bytes) else json.dumps(token).encode()
    try:
        log_in_with_card(attempt=attempt, body=body)
    except IdpError as error:
        return explained_code(error)
    attempt.refresh_from_db()
    assert attempt.state == "proven"
    return ""


def explained_code(error: IdpError) -> str:
    """The code, of a refusal that has words for the person and a row in the audit log."""
    assert error.description
    assert error.reference
    return error.code


def log_in(attempt: LoginAttempt, card: Path | Credential, *, use: str = "auth") -> str:
    """A whole try: challenge, signature, answer."""
    challenge = issue_challenge(attempt=attempt).challenge
    origin = settings.HYGIE.origin
    if isinstance(card, Credential):
        return answer(attempt, sign_token(card.certificate, card.key, origin, challenge))
    return answer(attempt, make_token(card, origin, challenge, use=use))
