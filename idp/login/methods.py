"""The METHODS table: every way to log in, by the URL name of its first page."""

from django.conf import settings

from idp.login.rules.authentication import MethodName
from idp.login.rules.ecps import EcpsGrade
from idp.login.rules.levels import Level
from idp.login.rules.steps import Method


def installed_methods() -> tuple[Method, ...]:
    """The methods of this deployment. The test identity exists in the sandbox only."""
    methods = [
        Method(
            name=MethodName.CARD,
            url_name="cardbridge:start",
            level=Level(settings.HYGIE.highest_card_level),
        ),
        Method(
            name=MethodName.PHONE,
            url_name="enrollment:phone_start",
            level=Level(settings.HYGIE.phone_level),
            best_grade=EcpsGrade.ATTESTED,
        ),
    ]
    if settings.HYGIE.offline_codes:
        methods.append(
            Method(
                name=MethodName.OFFLINE,
                url_name="enrollment:offline_start",
                level=Level.EIDAS1,
                best_grade=EcpsGrade.PLAIN,
            )
        )
    if settings.HYGIE.is_sandbox:
        methods.append(
            Method(
                name=MethodName.TEST,
                url_name="sandbox:test_identity",
                level=Level(settings.HYGIE.card_level),
            )
        )
    return tuple(methods)
