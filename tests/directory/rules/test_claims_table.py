"""docs/directory.md says of every column of a practice which key it becomes."""

from pathlib import Path

from idp.directory.rules.activity import ACTIVITY_KEYS
from idp.directory.rules.register_columns import ACTIVITY_COLUMNS

TABLE = (Path(__file__).resolve().parents[3] / "docs" / "directory.md").read_text()


def test_each_column_of_a_practice_stands_beside_its_key() -> None:
    assert ACTIVITY_COLUMNS.keys() == ACTIVITY_KEYS.keys()
    for field, column in ACTIVITY_COLUMNS.items():
        assert TABLE.count(f"| {column} | `{ACTIVITY_KEYS[field]}` |\n") == 1
