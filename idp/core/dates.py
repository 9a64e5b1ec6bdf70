"""A day as people say it, for pages and sentences."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language


def spoken_day(at: datetime) -> str:
    """21 novembre 2026; in French the first day of a month is an ordinal: 1er novembre 2026."""
    local = localtime(at)
    rest = date_format(local, "F Y")
    is_ordinal = local.day == 1 and (get_language() or "").startswith("fr")
    return f"{local.day}{'er' if is_ordinal else ''} {rest}"
