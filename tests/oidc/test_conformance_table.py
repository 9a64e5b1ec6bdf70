"""docs/conformance.md names tests that exist, and every test named after a module is in it."""

import ast
import re
from pathlib import Path

from tests.oidc import modules

HERE = Path(__file__).resolve().parent
TABLE = (HERE.parents[1] / "docs" / "conformance.md").read_text("utf-8")
NAMED = set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", TABLE))


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_of_the_table_exists() -> None:
    missing = {(file, name) for file, name in NAMED if name not in names_in(HERE / file)}
    assert not missing
    assert len(NAMED) > 100


def test_every_module_of_the_suite_is_in_the_table() -> None:
    listed = {
        name
        for row in TABLE.splitlines()
        if row.startswith("| ")
        for name in re.split(r"[ ,`]+", row.split(" | ")[0])
    }
    prefixes = ("", "oidcc-", "oidcc-rp-initiated-logout-")
    plans = {
        "BASIC": 38,
        "RP_INITIATED_LOGOUT": 10,
        "OTHER_LOGOUT": 8,
        "FAPI2_SECURITY_PROFILE": 57,
        "FAPI_CIBA": 42,
    }
    for plan, many in plans.items():
        names = getattr(modules, plan)
        assert len(names) == many
        missing = [
            name for name in names if not {f"{prefix}{name}" for prefix in prefixes} & listed
        ]
        assert not missing, plan


def test_every_ciba_and_basic_module_that_is_tested_is_in_the_table() -> None:
    for file, prefix in (
        ("test_oidcc_basic.py", "test_oidcc_"),
        ("test_fapi_ciba.py", "test_fapi_ciba_"),
        ("test_fapi2.py", "test_fapi2_"),
        ("test_fapi2_par.py", "test_fapi2_"),
        ("test_client_certificates.py", "test_fapi_ciba_"),
    ):
        written = {name for name in names_in(HERE / file) if name.startswith(prefix)}
        assert written <= {name for of, name in NAMED if of == file}
