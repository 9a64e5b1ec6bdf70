"""Reads the rows of cards and of savoir-faire, one by one; people are read by groups of rows."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from idp.directory.flows.importing import ImportSummary
from idp.directory.gateways.bulk import give_way
from idp.directory.gateways.register_file import Line, refuse_broken_off
from idp.directory.rules.blocks import LONGEST_LINE
from idp.directory.rules.register_columns import Columns
from idp.directory.rules.register_row import MalformedRowError

Row = TypeVar("Row")
# Some milliseconds of work.
_GIVES_WAY_EVERY: Final = 64


def well_formed(
    lines: Iterator[Line],
    columns: Columns,
    parse: Callable[[bytes], Row],
    summary: ImportSummary,
) -> Iterator[tuple[Row, int]]:
    """Rows that can be read, and their lengths; the others are counted and named in `summary`."""
    last = None
    for last in lines:
        summary.rows += 1
        if not summary.rows % _GIVES_WAY_EVERY:
            give_way()
        if last.raw is None:
            summary.refuse_rows([(last.number, f"longer than {LONGEST_LINE} bytes")])
            continue
        try:
            row = parse(last.raw)
        except MalformedRowError as error:
            summary.refuse_rows([(last.number, str(error))])
            continue
        yield row, len(last.raw)
    refuse_broken_off(last, columns)
