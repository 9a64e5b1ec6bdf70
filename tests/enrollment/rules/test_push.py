"""Where a phone may have itself rung, and what a ring says."""

import json

import pytest

from idp.configuration import PUSH_SERVICES
from idp.enrollment.rules.push import (
    PushKind,
    PushState,
    is_allowed_endpoint,
    payload,
    topic,
    verdict,
    wait_after,
)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://fcm.googleapis.com:443/wp/abc",
        "https://web.push.apple.com/QOXyz",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%3d",
    ],
)
def test_the_push_services_of_the_browsers_are_called(endpoint: str) -> None:
    assert is_allowed_endpoint(endpoint, PUSH_SERVICES)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://evilpush.apple.com/x",
        "https://push.apple.com/x",
        "https://.push.apple.com/x",
        "https://fcm.googleapis.com@169.254.169.254/x",
        "https://user:pass@fcm.googleapis.com/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        "https://[::1]/x",
        "https://fcm.googleapis.com\\@127.0.0.1/x",
        "https://fcm.googleapis.com/x#y",
        "https://fcm.googleapis.com/x\n",
        "https://fcm.googleapis.com:notaport/x",
        "file:///etc/passwd",
        "//fcm.googleapis.com/x",
        "",
        "https://fcm.googleapis.com/" + "x" * 1000,
        "https://fcm.googleapis.cоm/x",
    ],
)
def test_nothing_else_is(endpoint: str) -> None:
    assert not is_allowed_endpoint(endpoint, PUSH_SERVICES)


def test_a_sandbox_names_its_own_service_by_its_whole_origin() -> None:
    allowed = ("http://127.0.0.1:9000",)
    assert is_allowed_endpoint("http://127.0.0.1:9000/a", allowed)
    assert not is_allowed_endpoint("http://127.0.0.1:9001/a", allowed)
    assert not is_allowed_endpoint("https://127.0.0.1:9000/a", allowed)


def test_a_ring_says_its_kind_and_nothing_else() -> None:
    for kind in PushKind:
        assert json.loads(payload(kind)) == {"v": 1, "kind": kind}


def test_the_topics_of_the_documentation_are_right() -> None:
    reference = "00000000-0000-4000-8000-00000000000"
    assert topic(f"request {reference}1") == "O1I4IrQpkP4xXhotT7q2OCF4X62iwN0i"
    assert topic(f"new_device {reference}2") == "eE7vz58LkQ6lS5M0KIkLF_4F9NM_0_Vg"


def test_the_topic_fits_its_header_and_tells_occasions_apart() -> None:
    assert len(topic("request a")) == 32
    assert topic("request a") == topic("request a") != topic("request b")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (201, PushState.DELIVERED),
        (202, PushState.DELIVERED),
        (404, PushState.GONE),
        (410, PushState.GONE),
        (429, PushState.PENDING),
        (500, PushState.PENDING),
        (503, PushState.PENDING),
        (301, PushState.FAILED),
        (400, PushState.FAILED),
        (403, PushState.FAILED),
        (413, PushState.FAILED),
    ],
)
def test_each_answer_of_a_push_service_means_something(status: int, state: PushState) -> None:
    assert verdict(status) is state


def test_tries_are_few() -> None:
    assert [wait_after(attempts) is None for attempts in (1, 4, 5)] == [False, False, True]
