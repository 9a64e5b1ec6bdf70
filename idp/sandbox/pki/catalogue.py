"""The cards of the tray: who, which kind, and what must happen with them."""

from dataclasses import dataclass
from enum import StrEnum

from idp.sandbox.pki.hierarchy import AuthorityName


class KeyType(StrEnum):
    RSA = "RSA-2048"
    EC = "P-256"


class Flaw(StrEnum):
    """What makes a card one that must be refused."""

    NONE = "none"
    REVOKED = "revoked"
    EXPIRED = "expired"
    OTHER_POLICY = "other-policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Attributes of the subject; a service card has a `pseudonym` and no names."""

    common_name: str
    title: str
    surname: str = ""
    given_name: str = ""
    pseudonym: str = ""
    organization: str = ""
    organizational_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSpec:
    """One card. Product types of table G02: 0 CPS, 1 CPF, 2 CPE; None: not a card."""

    id: str
    label: str
    holder: Holder
    kind: str = "CPS"
    hint: str = ""
    product_type: int | None = 0
    number: str = ""
    profession: int | None = None
    future_profession: int | None = None
    savoir_faire: tuple[str, ...] = ()
    key_type: KeyType = KeyType.RSA
    issuer: AuthorityName = AuthorityName.FORT_PERSONNES
    has_authentication: bool = True
    flaw: Flaw = Flaw.NONE

    @property
    def is_software(self) -> bool:
        return self.product_type is None


def _person(number: str, surname: str, given_name: str, title: str) -> Holder:
    return Holder(common_name=number, surname=surname, given_name=given_name, title=title)


CATALOGUE: tuple[CardSpec, ...] = (
    CardSpec(
        id="doctor",
        label="Dr Camille Lefèvre",
        holder=_person("899900000011", "Lefèvre", "Camille", "Médecin"),
        hint="Médecin généraliste, deux lieux d’exercice",
        number="9900000011",
        profession=10,
        savoir_faire=("SM54",),
    ),
    CardSpec(
        id="midwife",
        label="Anne-Laure Nguyên-Martin",
        holder=_person("899900000052", "Nguyên-Martin", "Anne-Laure", "Sage-Femme"),
        hint="Carte à clé elliptique",
        number="9900000052",
        profession=50,
        key_type=KeyType.EC,
    ),
    CardSpec(
        id="pharmacist",
        label="Élise d’Hauterive",
        holder=_person("899900000037", "d'Hauterive", "Élise", "Pharmacien"),
        hint="Pharmacienne d’officine",
        number="9900000037",
        profession=21,
    ),
    CardSpec(
        id="nurse",
        label="Jean-Baptiste Le Goff",
        holder=_person("899900000045", "Le Goff", "Jean-Baptiste", "Infirmier"),
        hint="Infirmier, cabinet de groupe",
        number="9900000045",
        profession=60,
    ),
    CardSpec(
        id="student",
        label="Inès Özdemir",
        kind="CPF",
        holder=_person("899900000086", "Özdemir", "Inès", "Médecin en formation"),
        hint="Interne : jamais « Médecin »",
        number="9900000086",
        product_type=1,
        future_profession=10,
    ),
    CardSpec(
        id="retired",
        label="Dr Françoise Delacroix-Müller",
        holder=_person("899900000094", "Delacroix-Müller", "Françoise", "Médecin"),
        hint="Retraitée, sans lieu d’exercice",
        number="9900000094",
        profession=10,
        savoir_faire=("SM26",),
    ),
    CardSpec(
        id="revoked",
        label="Noël Béranger",
        holder=_person("899900000078", "Béranger", "Noël", "Masseur-Kinésithérapeute"),
        hint="Carte en opposition : doit être refusée",
        number="9900000078",
        profession=70,
        flaw=Flaw.REVOKED,
    ),
    CardSpec(
        id="expired",
        label="Dr Mathieu O’Brien",
        holder=_person("899900000060", "O'Brien", "Mathieu", "Chirurgien-Dentiste"),
        hint="Carte expirée : doit être refusée",
        number="9900000060",
        profession=40,
        flaw=Flaw.EXPIRED,
    ),
    CardSpec(
        id="other-policy",
        label="Dr Zoé Châtelain",
        holder=_person("899900000193", "Châtelain", "Zoé", "Médecin"),
        hint="Émise pour un autre usage : doit être refusée",
        number="9900000193",
        profession=10,
        flaw=Flaw.OTHER_POLICY,
    ),
    CardSpec(
        id="signature-only",
        label="Maëlys N’Diaye",
        holder=_person("899900000136", "N'Diaye", "Maëlys", "Pédicure-Podologue"),
        hint="Sans clé de connexion : doit être refusée",
        number="9900000136",
        profession=80,
        has_authentication=False,
    ),
    CardSpec(
        id="software",
        label="Dr Karim Ben Salem",
        kind="Logiciel",
        holder=_person("899900000029", "Ben Salem", "Karim", "Médecin"),
        hint="Clé dans un fichier, pas une carte : doit être refusée",
        product_type=None,
        profession=10,
        savoir_faire=("SM04",),
        issuer=AuthorityName.ELEMENTAIRE_PERSONNES,
    ),
    CardSpec(
        id="service",
        label="Carte de service",
        kind="CPE",
        holder=Holder(
            common_name="3990000012/000000018",
            title="Carte de service santé ou social",
            pseudonym="EMPLOYE000000018",
            organization="PHARMACIE DE TEST",
            organizational_unit="1990000012",
        ),
        hint="Ne désigne personne : doit être refusée",
        number="9900000999",
        product_type=2,
    ),
)
