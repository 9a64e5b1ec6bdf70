"""What a portal may choose of the answers it gets: the year of their shape, and who `sub` is."""

from enum import StrEnum
from typing import Final


class UserInfoShape(StrEnum):
    """UserInfo changed over the years; portals in the field parse each of them."""

    CURRENT = "current"
    Y2021 = "2021"
    Y2022 = "2022"
    Y2023 = "2023"
    Y2026 = "2026"

    @property
    def has_federated_subject(self) -> bool:
        """`f:<component>:<national id>` until 2026, a bare UUID since."""
        return self in (UserInfoShape.Y2021, UserInfoShape.Y2022, UserInfoShape.Y2023)


class SubjectType(StrEnum):
    """OIDC Core §8: one `sub` for all portals, or one for each sector."""

    PUBLIC = "public"
    PAIRWISE = "pairwise"


ID_TOKEN_ALGS: Final = ("RS256", "PS256", "ES256", "EdDSA")
# RSA1_5 is an oracle, and `dir` needs a secret that both sides keep: neither is offered.
ENCRYPTION_ALGS: Final = ("RSA-OAEP-256", "ECDH-ES")
ENCRYPTION_ENCS: Final = ("A256GCM", "A128CBC-HS256")
# OIDC Registration §2: what is meant when `enc` is not registered.
DEFAULT_ENC: Final = "A128CBC-HS256"
