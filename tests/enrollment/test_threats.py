"""docs/threats.md names tests that exist."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
TABLE = (TESTS.parent / "docs" / "threats.md").read_text("utf-8")
NAMED = set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", TABLE))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def names_in(file: str) -> set[str]:
    trees = [ast.parse(found.read_text("utf-8")) for found in TESTS.rglob(file)]
    return {node.name for tree in trees for node in tree.body if isinstance(node, FUNCTIONS)}


def test_every_test_of_the_table_exists() -> None:
    missing = {(file, name) for file, name in NAMED if name not in names_in(file)}
    assert not missing
    assert len(NAMED) > 30
