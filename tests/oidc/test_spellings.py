"""A path with repeated slashes is served, and never becomes an address of another host."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.oidc.portal import FORM, PROTOCOL, Browser, Portal

pytestmark = pytest.mark.django_db


def post(path: str, form: dict[str, str]) -> Any:
    # Django's client would take the first segment of `//…` for a host.
    return Browser().post("/", urlencode(form), content_type=FORM, PATH_INFO=path)


@pytest.mark.parametrize("path", ["//auth", "///auth/", f"/{PROTOCOL}/auth"])
def test_a_posted_request_goes_on_at_this_host(portal: Portal, path: str) -> None:
    response = post(path, portal.request)
    assert response.status_code == 303
    assert urlsplit(response["Location"]).netloc == ""
    assert urlsplit(response["Location"]).path == "/auth"


def test_a_posted_logout_goes_on_at_this_host(db: None) -> None:
    response = post(
        f"/{PROTOCOL}".replace("openid-connect", "openid-connect/") + "/logout", {"state": "x"}
    )
    assert response.status_code == 303
    assert response["Location"] == f"{PROTOCOL}/logout?state=x"
