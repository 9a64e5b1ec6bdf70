"""A portal's server that asks for logins without a browser."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.core import clock
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client
from idp.oidc.rules.ciba_request import CIBA_GRANT
from tests.oidc.portal import Browser, Portal

DOCTOR_RPPS = "99900000011"


@dataclass
class Asker:
    """CIBA at one portal."""

    portal: Portal

    def __post_init__(self) -> None:
        register(self.portal.client, grant_types=[*self.portal.client.grant_types, CIBA_GRANT])

    def ask(self, **changes: str | None) -> Any:
        """An authentication request; None leaves a parameter out."""
        values = {"scope": "openid scope_all", "login_hint": f"8{DOCTOR_RPPS}", **changes}
        form = {name: value for name, value in values.items() if value is not None}
        return self.portal.call("ext/ciba/auth", form)

    def begin(self, **changes: str | None) -> str:
        """The auth_req_id of an accepted request."""
        response = self.ask(**changes)
        assert response.status_code == 200, response.content
        auth_req_id: str = response.json()["auth_req_id"]
        return auth_req_id

    def poll(self, auth_req_id: str, **changes: str) -> Any:
        return self.portal.token_call(
            {"grant_type": CIBA_GRANT, "auth_req_id": auth_req_id, **changes}
        )

    def error_of(self, auth_req_id: str) -> str:
        """What a poll that brings nothing says; always 400."""
        response = self.poll(auth_req_id)
        assert response.status_code == 400, response.content
        error: str = response.json()["error"]
        return error


def later(seconds: float) -> Any:
    """The clock that many seconds on."""
    return clock.frozen(clock.now() + timedelta(seconds=seconds))


def refusal_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def answer(auth_req_id: str, verb: str = "approve") -> Any:
    """The sandbox in the phone's place."""
    return Browser().post(f"/sandbox/ciba/{auth_req_id}/{verb}")


def register(client: Client, **changes: Any) -> None:
    Client.objects.filter(pk=client.pk).update(**changes)
    client.refresh_from_db()
    forget_client(client.client_id)
