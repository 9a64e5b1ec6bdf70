"""Columns of the register."""

import json
from typing import Any

from django.db import models

from idp.directory.rules.register_row import LONGEST_VALUE


def text() -> "models.CharField[str, str]":
    """A column of the register: `""` where the register is silent, as on the wire."""
    return models.CharField(max_length=LONGEST_VALUE, blank=True, default="")


class RenderedJson(models.JSONField):
    """JSON that is only ever read as a whole: kept as text, which no database takes apart."""

    def db_type(self, connection: Any) -> str:
        return "text"

    def db_check(self, connection: Any) -> None:
        return None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return None if value is None else json.dumps(value, ensure_ascii=False)
