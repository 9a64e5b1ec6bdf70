"""What every import is told, what it tells, and when it stops rather than change so much."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from idp.core.errors import IdpError
from idp.directory.rules.raw_people import NAMED_ROWS
from idp.directory.rules.register_columns import RefusedFileError
from idp.directory.rules.stored_rows import StoredChunk

# Of the people known: what more than that changes or ends is more likely a bad file than news.
GUARD: Final = 0.05
Progress = Callable[[str, int], None]


@dataclass(slots=True, kw_only=True)
class ImportSummary:
    """What an import did. `malformed` names the first twenty rows left out: line number, reason.

    `by_profession`: created, changed and ended people by the code of their first profession.
    """

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    ended: int = 0
    malformed_rows: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)
    by_profession: dict[str, dict[str, int]] = field(default_factory=dict)
    # Well-formed rows that say nothing here, by reason: of savoir-faire alone.
    left_out: dict[str, int] = field(default_factory=dict)
    batch: int = 0
    skipped: bool = False

    def refuse_rows(self, rows: list[tuple[int, str]], *, count: int = 1) -> None:
        """Count rows that are left out, and remember the first ones."""
        self.malformed_rows += count
        # Rows of people scattered over the file are read last.
        self.malformed = sorted([*self.malformed, *rows])[:NAMED_ROWS]

    def add(self, stored: StoredChunk) -> None:
        """What became of a chunk of people."""
        self.rows += stored.read
        self.count("created", stored.created)
        self.count("changed", stored.changed)
        self.refuse_rows(stored.malformed, count=stored.malformed_rows)
        self.unchanged += stored.unchanged

    def count(self, what: str, by_profession: Counter[str]) -> None:
        """Add people that were `created`, `changed` or `ended`."""
        setattr(self, what, getattr(self, what) + by_profession.total())
        if by_profession:
            known = Counter(self.by_profession.get(what, {}))
            self.by_profession[what] = dict(sorted((known + by_profession).items()))


class NoRowError(RefusedFileError):
    """Not one row can be read: whatever the file is, it is no register; `summary` says why."""

    def __init__(self, summary: ImportSummary) -> None:
        super().__init__(
            f"none of {summary.rows} rows can be read"
            if summary.rows
            else "no row follows the first line"
        )
        self.summary = summary


class TooManyChangesError(RefusedFileError):
    """More would change or end than a day brings; `summary` says what."""

    def __init__(self, summary: ImportSummary, known: int) -> None:
        super().__init__(
            f"{summary.changed} of {known} people would change and {summary.ended} would end, "
            f"more than {GUARD:.0%}; --accept-changes imports it all the same"
        )
        self.summary = summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to import. `source` sets the people of a file apart from those of every other kind."""

    test_identities: bool = False
    accept_changes: bool = False
    allow_older: bool = False
    ends_absent: bool = True
    source: str = ""
    actor: str = ""
    progress: Progress = lambda _phase, _done: None


def refuse_test_identities(options: Options) -> None:
    """Outside the sandbox."""
    if options.test_identities and not settings.HYGIE.is_sandbox:
        raise IdpError(
            "test_identities_forbidden",
            "Les identités de test n’existent qu’en mode bac à sable.",
            status=403,
        )


def guard(known: int, summary: ImportSummary, options: Options) -> None:
    """Refuse a file by which more of the people known would change or end than a day brings."""
    refuse_unreadable(summary)
    too_many = summary.changed + summary.ended > GUARD * known
    if known and too_many and not options.accept_changes:
        raise TooManyChangesError(summary, known)


def refuse_unreadable(summary: ImportSummary) -> None:
    """Refuse a file without a row that can be read, even where changes are accepted."""
    if summary.malformed_rows == summary.rows:
        raise NoRowError(summary)
