"""Who is visiting: kept in this process, found by a random key. A cookie is too small for tokens,
and tokens do not belong in a browser. With several processes, put the same thing in Redis.
"""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from examples.portal.provider import EndedSession, Login, PendingLogin

LIFETIME = timedelta(hours=4)
MAXIMUM = 1000
PENDING_MAXIMUM = 5  # tabs in which one visitor may be logging in at the same time


@dataclass(slots=True, kw_only=True)
class Visitor:
    """One browser: the logins it began, the one it finished, the logout it asked for."""

    key: str
    since: datetime
    pending: dict[str, PendingLogin] = field(default_factory=dict)
    login: Login | None = None
    logout_state: str | None = None
    message: str = ""

    def remember(self, pending: PendingLogin) -> None:
        while len(self.pending) >= PENDING_MAXIMUM:
            self.pending.pop(next(iter(self.pending)))
        self.pending[pending.state] = pending


class Visitors:
    """The table of visitors: bounded in number and in time."""

    def __init__(self) -> None:
        self._visitors: dict[str, Visitor] = {}
        self._lock = threading.Lock()

    def find(self, key: str | None) -> Visitor | None:
        with self._lock:
            visitor = self._visitors.get(key or "")
            if visitor and datetime.now(UTC) - visitor.since > LIFETIME:
                del self._visitors[visitor.key]
                return None
            return visitor

    def add(self, *, login: Login | None = None, logout_state: str | None = None) -> Visitor:
        """A new key at each change of who someone is: one known before a login is worthless."""
        visitor = Visitor(
            key=secrets.token_urlsafe(32),
            since=datetime.now(UTC),
            login=login,
            logout_state=logout_state,
        )
        with self._lock:
            while len(self._visitors) >= MAXIMUM:
                del self._visitors[next(iter(self._visitors))]
            self._visitors[visitor.key] = visitor
        return visitor

    def end(self, ended: EndedSession) -> None:
        """Forget whoever is logged in by that session, in whichever browser."""
        with self._lock:
            for visitor in [*self._visitors.values()]:
                if visitor.login and ended.is_of(visitor.login):
                    del self._visitors[visitor.key]

    def forget(self, visitor: Visitor | None) -> None:
        with self._lock:
            if visitor:
                self._visitors.pop(visitor.key, None)
