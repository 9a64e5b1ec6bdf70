"""The directory read by a portal: only with its right, few at a time, and every read a row."""

from datetime import timedelta
from typing import Any, Final

from idp.audit.flows import Outcome, record
from idp.core import throttle
from idp.core.errors import IdpError
from idp.directory.flows.search import search_by_identifier, search_by_name
from idp.directory.rules.professional import Professional
from idp.oidc.flows.client_grant import ClientToken, read_client_token
from idp.oidc.flows.sender import check_sender
from idp.oidc.gateways.server import Call
from idp.oidc.models import Client
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.look_up import LOOK_UP_SCOPE, LookUp, person_entry

# Enough for a person who types; too few to copy the directory.
LIMITS: Final = ((30, timedelta(minutes=1)), (2000, timedelta(days=1)))
_LIMITED: Final = {
    429: ("slow_down", "Too many questions to the directory."),
    503: ("temporarily_unavailable", "The directory cannot be asked for the moment."),
}


def look_up(*, access_token: str, call: Call) -> dict[str, Any]:
    """`people`, at most twenty, and whether there are `more`.

    InvalidTokenError, or BackchannelError for no right, a question that is none, too many, or too
    many to tell.
    """
    token = read_client_token(access_token)
    client = token.client
    check_sender(call, token.claims, requires_nonce=client.profile.requires_dpop_nonce)
    _check_right(token)
    asked = LookUp.parse(call.form)
    _check_limits(client)
    people, has_more = _search(asked)
    _record_read(client, asked, people)
    return {"people": [person_entry(each) for each in people], "more": has_more}


def _check_right(token: ClientToken) -> None:
    """The scope of the token, and the right itself as it is now: taken away, it ends at once."""
    if LOOK_UP_SCOPE in str(token.claims["scope"]).split() and token.client.may_look_up:
        return
    record(
        event="directory_read",
        outcome=Outcome.REFUSED,
        client_id=token.client.client_id,
        data={"code": "insufficient_scope"},
    )
    raise BackchannelError(
        "insufficient_scope", "The token does not open the directory.", status=403
    )


def _check_limits(client: Client) -> None:
    for limit, window in LIMITS:
        name = f"look_up_{int(window.total_seconds())}"
        try:
            # Uncounted, a portal could copy the directory meanwhile.
            throttle.hit(name, client.client_id, limit=limit, window=window, passes_uncounted=False)
        except IdpError as error:
            code, description = _LIMITED[error.status]
            raise BackchannelError(code, description, status=error.status) from error


def _search(asked: LookUp) -> tuple[list[Professional], bool]:
    if asked.rpps:
        return search_by_identifier(identifier=asked.rpps), False
    return search_by_name(family_name=asked.nom, given_names=asked.prenom)


def _record_read(client: Client, asked: LookUp, people: list[Professional]) -> None:
    """Whose data were told to whom, and what was asked."""
    record(
        event="directory_read",
        outcome=Outcome.ACCEPTED,
        subject=people[0].national_id if asked.rpps and people else "",
        client_id=client.client_id,
        data={
            "asked": {
                name: value for name in ("rpps", "nom", "prenom") if (value := getattr(asked, name))
            },
            "told": [each.national_id for each in people],
        },
    )
