"""What a login method yields, and what a portal asked of it: frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from idp.login.rules.ecps import EcpsGrade, EcpsPolicy
from idp.login.rules.levels import Level


class MethodName(StrEnum):
    CARD = "card"
    PHONE = "phone"
    OFFLINE = "offline"
    TEST = "test"


class AuthMode(StrEnum):
    """Pro Santé Connect's `authMode`."""

    CARD = "CARD"
    MOBILE = "MOBILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """A person proved who they are. The one value that every method yields.

    `evidence` goes to the audit log only: kind, signed bytes, signature, public part; it must be
    enough for the method's verifier to check the proof again from the database alone.
    """

    person_id: UUID
    national_id: str
    method: MethodName
    auth_mode: AuthMode
    amr: tuple[str, ...]
    level: Level
    at: datetime
    is_test: bool = False
    # The day its holder must be told of: the card ends within a month.
    ends_soon_at: datetime | None = None
    # Of a phone: what its proof shows of it, and which one it was.
    ecps_grade: EcpsGrade | None = None
    device: str = ""
    # Of a card: the key of its row in the directory.
    card: int | None = None
    evidence: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Without the evidence: what the attempt keeps until it is finished."""
        return {
            "person_id": str(self.person_id),
            "national_id": self.national_id,
            "method": self.method,
            "auth_mode": self.auth_mode,
            "amr": list(self.amr),
            "level": self.level,
            "at": self.at.isoformat(),
            "is_test": self.is_test,
            "ends_soon_at": self.ends_soon_at.isoformat() if self.ends_soon_at else None,
            "ecps_grade": self.ecps_grade,
            "device": self.device,
            "card": self.card,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(
            person_id=UUID(value["person_id"]),
            national_id=value["national_id"],
            method=MethodName(value["method"]),
            auth_mode=AuthMode(value["auth_mode"]),
            amr=tuple(value["amr"]),
            level=Level(value["level"]),
            at=datetime.fromisoformat(value["at"]),
            is_test=value["is_test"],
            ends_soon_at=datetime.fromisoformat(value["ends_soon_at"])
            if value.get("ends_soon_at")
            else None,
            ecps_grade=EcpsGrade(grade) if (grade := value["ecps_grade"]) else None,
            device=value["device"],
            card=value.get("card"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """Who asks, from the registered client: shown on every page and on the phone."""

    client_id: str
    name: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPolicy:
    """What the asker demands of this login."""

    acr_values: tuple[str, ...] = ()
    # Only these methods may be used; empty = every method.
    methods: tuple[MethodName, ...] = ()
    login_hint: str = ""
    ecps: EcpsPolicy = EcpsPolicy.ANY
    # Whoever has several practices chooses one of them before the session begins.
    asks_practice: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "acr_values": list(self.acr_values),
            "methods": list(self.methods),
            "login_hint": self.login_hint,
            "ecps": str(self.ecps),
            "asks_practice": self.asks_practice,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(
            acr_values=tuple(value.get("acr_values", ())),
            methods=tuple(MethodName(name) for name in value.get("methods", ())),
            login_hint=value.get("login_hint", ""),
            ecps=EcpsPolicy(value["ecps"]),
            asks_practice=value.get("asks_practice", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAddress:
    """Where the dispatcher sends the browser at the end: a URL name, so that no import is needed.

    The view gets `attempt` (id) and `step` (token) as query parameters. `final_url` is where the
    browser ends in the end (the portal's redirect URI): forms of the login pages may lead there.
    """

    url_name: str
    final_url: str = ""
    kwargs: dict[str, str] = field(default_factory=dict)
