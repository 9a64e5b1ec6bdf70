"""`manage.py client update`: what may be changed; an option left out changes nothing."""

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from idp.login.rules.ecps import EcpsPolicy
from idp.oidc.gateways.keys import SIGNING_ALGS
from idp.oidc.rules.client_proof import GRANT_TYPES
from idp.oidc.rules.profiles import ProfileName
from idp.oidc.rules.scopes import SCOPES

# Option → field of `ClientMetadata`; these may be left with nothing in them.
_EMPTIABLE = {
    "redirect-uri": "redirect_uris",
    "post-logout-redirect-uri": "post_logout_redirect_uris",
    "may-introspect": "introspects",
}
_LISTS = (*_EMPTIABLE.values(), "scopes")
_VALUES = ("name", "practice_choice", "may_look_up", "id_token_alg")
_ADDRESS = "its address, or '' for none"
_LOGOUT = (
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
)


def add_update_arguments(parser: ArgumentParser) -> None:
    """A list that is given replaces the registered one."""
    parser.add_argument("client_id")
    parser.add_argument("--name", help="as the professional reads it")
    for option, field in _EMPTIABLE.items():
        parser.add_argument(f"--{option}", action="append", dest=field)
        parser.add_argument(
            f"--no-{option}", action="store_const", const=[], dest=field, help="empties the list"
        )
    parser.add_argument("--scope", action="append", choices=list(SCOPES), dest="scopes")
    parser.add_argument("--profile", choices=[str(name) for name in ProfileName])
    parser.add_argument("--id-token-alg", choices=SIGNING_ALGS)
    parser.add_argument("--grant", action="append", choices=GRANT_TYPES, dest="grant_types")
    for channel in ("backchannel", "frontchannel"):
        parser.add_argument(f"--{channel}-logout-uri", metavar="URI", help=_ADDRESS)
        parser.add_argument(
            f"--{channel}-logout-session-required", action=BooleanOptionalAction, default=None
        )
    parser.add_argument(
        "--ciba-notification-endpoint",
        metavar="URI",
        dest="backchannel_client_notification_endpoint",
        help=f"where CIBA tells that there is an answer: {_ADDRESS}, then the portal polls",
    )
    parser.add_argument("--ecps-policy", choices=[str(policy) for policy in EcpsPolicy])
    parser.add_argument("--practice-choice", action=BooleanOptionalAction)
    parser.add_argument("--may-look-up", action=BooleanOptionalAction)


def changes_of(options: dict[str, Any]) -> dict[str, Any]:
    """The fields of `ClientMetadata` that were given; of its parts, the fields of each."""
    changes = _given(options, *_VALUES)
    changes |= {name: tuple(value) for name, value in _given(options, *_LISTS).items()}
    if options["ecps_policy"] is not None:
        changes["ecps_policy"] = EcpsPolicy(options["ecps_policy"])
    if options["profile"] is not None:
        changes["profile"] = ProfileName(options["profile"])
    grants = _given(options, "grant_types")
    parts = {
        "logout": _given(options, *_LOGOUT),
        "ciba": _given(options, "backchannel_client_notification_endpoint"),
        "proof": {name: tuple(dict.fromkeys(value)) for name, value in grants.items()},
    }
    return changes | {name: part for name, part in parts.items() if part}


def _given(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options[name] is not None}
