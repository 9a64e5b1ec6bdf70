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
