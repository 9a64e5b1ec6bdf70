"""`manage.py client update`: what may be changed; an option left out changes nothing."""

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from idp.login.rules.ecps import EcpsPolicy
from idp.oidc.rules.scopes import SCOPES

_LISTS = ("redirect_uris", "post_logout_redirect_uris", "scopes", "introspects")
_VALUES = ("name", "practice_choice", "may_look_up")


def add_update_arguments(parser: ArgumentParser) -> None:
    """A list that is given replaces the registered one."""
    parser.add_argument("client_id")
    parser.add_argument("--name", help="as the professional reads it")
    parser.add_argument("--redirect-uri", action="append", dest="redirect_uris")
    parser.add_argument(
        "--post-logout-redirect-uri", action="append", dest="post_logout_redirect_uris"
    )
    parser.add_argument("--scope", action="append", choices=list(SCOPES), dest="scopes")
    parser.add_argument(
        "--may-introspect", action="append", metavar="CLIENT_ID", dest="introspects"
    )
    parser.add_argument("--ecps-policy", choices=[str(policy) for policy in EcpsPolicy])
    parser.add_argument("--practice-choice", action=BooleanOptionalAction)
    parser.add_argument("--may-look-up", action=BooleanOptionalAction)


def changes_of(options: dict[str, Any]) -> dict[str, Any]:
    """The fields of `ClientMetadata` that were given."""
    changes: dict[str, Any] = {name: options[name] for name in _VALUES if options[name] is not None}
    changes |= {name: tuple(options[name]) for name in _LISTS if options[name] is not None}
    if options["ecps_policy"] is not None:
        changes["ecps_policy"] = EcpsPolicy(options["ecps_policy"])
    return changes
