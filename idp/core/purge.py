"""Removes rows that are over. Which rows: each app's table in `settings.PURGES`, by name."""

from django.conf import settings
from django.utils.module_loading import import_string


def purge_expired() -> int:
    """Runs every purge; returns the number of rows removed."""
    return sum(import_string(path)() for path in settings.PURGES)
