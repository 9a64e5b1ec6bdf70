"""Rate windows."""

from datetime import timedelta
from uuid import uuid4

import pytest

from idp.core import throttle
from idp.core.errors import IdpError

WINDOW = timedelta(minutes=1)


def test_the_event_beyond_the_limit_is_refused() -> None:
    key = str(uuid4())
    for _ in range(3):
        throttle.hit("test", key, limit=3, window=WINDOW)
    with pytest.raises(IdpError, match="too_many_requests") as refusal:
        throttle.hit("test", key, limit=3, window=WINDOW)
    assert refusal.value.status == 429


def test_keys_are_counted_apart() -> None:
    throttle.hit("test", str(uuid4()), limit=1, window=WINDOW)
    throttle.hit("test", str(uuid4()), limit=1, window=WINDOW)


def test_an_event_given_back_is_not_counted() -> None:
    key = str(uuid4())
    for _ in range(5):
        throttle.hit("test", key, limit=1, window=WINDOW)
        throttle.forgive("test", key)


def test_what_was_never_counted_cannot_be_given_back() -> None:
    key = str(uuid4())
    throttle.forgive("test", key)
    throttle.hit("test", key, limit=1, window=WINDOW)
    with pytest.raises(IdpError, match="too_many_requests"):
        throttle.hit("test", key, limit=1, window=WINDOW)
