"""Which address a request is counted by."""

from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import RequestFactory
from pytest_django import Settings

from idp.core.callers import address_of

PEER = "10.0.0.1"


def address(settings: Settings, *, proxies: int, forwarded: str | None) -> str:
    settings.HYGIE = replace(django_settings.HYGIE, proxies=proxies)
    headers: dict[str, Any] = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return address_of(RequestFactory().get("/", REMOTE_ADDR=PEER, **headers))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, PEER),
        (0, "192.0.2.1", PEER),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "spoofed, 192.0.2.1", "192.0.2.1"),
        (2, "spoofed, 192.0.2.1, 10.0.0.9", "192.0.2.1"),
        (2, "192.0.2.1", PEER),
        (1, None, PEER),
        (1, "", PEER),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(
    settings: Settings, proxies: int, forwarded: str | None, expected: str
) -> None:
    assert address(settings, proxies=proxies, forwarded=forwarded) == expected
