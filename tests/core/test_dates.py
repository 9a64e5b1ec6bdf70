"""Days as people say them."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.utils import translation

from idp.core.dates import spoken_day


@pytest.mark.parametrize(
    ("language", "day", "said"),
    [
        ("fr", 1, "1er novembre 2026"),
        ("fr", 2, "2 novembre 2026"),
        ("fr", 11, "11 novembre 2026"),
        ("en", 1, "1 November 2026"),
    ],
)
def test_only_the_first_of_a_month_is_an_ordinal_and_only_in_french(
    language: str, day: int, said: str
) -> None:
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    with translation.override(language):
        assert spoken_day(at) == said
        assert Template("{% load dates %}{{ at|day }}").render(Context({"at": at})) == said


def test_the_day_is_the_one_of_the_place() -> None:
    assert spoken_day(datetime(2026, 10, 31, 23, 30, tzinfo=UTC)) == "1er novembre 2026"
