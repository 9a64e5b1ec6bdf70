"""Which column of `PS_LibreAcces_Personne_activite` feeds which value, found by header name.

Never by position: the file grew over the years and will again.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol, Self

SEPARATOR: Final = "|"

# Value → column. The names of the values of a practice are the fields of `Activity`.
PERSON_COLUMNS: Final = MappingProxyType(
    {
        "type_identifiant": "Type d'identifiant PP",
        "identifiant": "Identifiant PP",
        "national_id": "Identification nationale PP",
        "civility": "Code civilité",
        "code_civilite": "Code civilité d'exercice",
        "nom": "Nom d'exercice",
        "prenom": "Prénom d'exercice",
        "code_profession": "Code profession",
        "code_categorie_professionnelle": "Code catégorie professionnelle",
        "code_type_savoir_faire": "Code type savoir-faire",
        "code_savoir_faire": "Code savoir-faire",
    }
)
ACTIVITY_COLUMNS: Final = MappingProxyType(
    {
        "code_mode_exercice": "Code mode exercice",
        "code_secteur_activite": "Code secteur d'activité",
        "code_section_pharmacien": "Code section tableau pharmaciens",
        "code_role": "Code rôle",
        "code_genre_activite": "Code genre activité",
        "numero_siret_site": "Numéro SIRET site",
        "numero_siren_site": "Numéro SIREN site",
        "numero_finess_site": "Numéro FINESS site",
        "numero_finess_etablissement_juridique": "Numéro FINESS établissement juridique",
        "identifiant_technique_structure": "Identifiant technique de la structure",
        "raison_sociale_site": "Raison sociale site",
        "enseigne_commerciale_site": "Enseigne commerciale site",
        "complement_destinataire": "Complément destinataire (coord. structure)",
        "complement_point_geographique": "Complément point géographique (coord. structure)",
        "numero_voie": "Numéro Voie (coord. structure)",
        "indice_repetition_voie": "Indice répétition voie (coord. structure)",
        "code_type_de_voie": "Code type de voie (coord. structure)",
        "libelle_voie": "Libellé Voie (coord. structure)",
        "mention_distribution": "Mention distribution (coord. structure)",
        "bureau_cedex": "Bureau cedex (coord. structure)",
        "code_postal": "Code postal (coord. structure)",
        "code_commune": "Code commune (coord. structure)",
        "code_pays": "Code pays (coord. structure)",
        "telephone": "Téléphone (coord. structure)",
        "telephone2": "Téléphone 2 (coord. structure)",
        "telecopie": "Télécopie (coord. structure)",
        "adresse_email": "Adresse e-mail (coord. structure)",
        "code_departement": "Code Département (structure)",
        "ancien_identifiant_structure": "Ancien identifiant de la structure",
        "autorite_enregistrement": "Autorité d'enregistrement",
    }
)
# Only in the restricted extraction, beside or instead of names and columns of the open file.
EXTRACTION_COLUMNS: Final = MappingProxyType(
    {"family_name": "Nom de famille", "given_names": "Prénoms"}
)
_SPELLINGS: Final = MappingProxyType(
    {"Code département (coord. structure)": "Code Département (structure)"}
)
# Files from before about 2022 stop before these.
_ABSENT_FROM_OLDER_FILES = frozenset({"code_role", "code_genre_activite"})
_OF_SAVOIR_FAIRE: Final = tuple(
    field for field in PERSON_COLUMNS if field not in ("civility", "code_civilite")
)


class RefusedFileError(ValueError):
    """The file as a whole is not what it should be: nothing of it is imported."""


class Columns(Protocol):
    """What the header of any of these files says of its lines."""

    @property
    def width(self) -> int: ...
    @property
    def ends_with_separator(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterColumns:
    """Where each value stands in a row of this very file."""

    width: int
    person: dict[str, int]
    activity: dict[str, int]
    encoding: str = "utf-8"
    # Whether the header ends with the separator, and so every line.
    ends_with_separator: bool = True

    @property
    def kind(self) -> str:
        """`personne_activite`, or `psc` for the restricted extraction."""
        return "psc" if "family_name" in self.person else "personne_activite"

    @classmethod
    def from_header(cls, raw: bytes) -> Self:
        """Read the first line. A missing or doubled column is refused by its name."""
        every = {**PERSON_COLUMNS, **ACTIVITY_COLUMNS}
        wanted = (field for field in every if field not in _ABSENT_FROM_OLDER_FILES)
        return cls._read(raw, [every[field] for field in wanted])

    @classmethod
    def of_savoir_faire(cls, raw: bytes) -> Self:
        """The same for `PS_LibreAcces_SavoirFaire`: people, their professions, no practices."""
        columns = cls._read(raw, [PERSON_COLUMNS[field] for field in _OF_SAVOIR_FAIRE])
        if columns.activity:
            raise RefusedFileError("not a file of savoir-faire: it holds practices")
        return columns

    @classmethod
    def _read(cls, raw: bytes, wanted: Iterable[str]) -> Self:
        names, encoding = header_names(raw)
        if not set(PERSON_COLUMNS.values()).intersection(names):
            raise RefusedFileError("the first line is no header")
        doubled = sorted(name for name, count in Counter(names).items() if count > 1)
        if doubled:
            raise RefusedFileError(f"column given twice: {', '.join(doubled)}")
        position = {name: index for index, name in enumerate(names)}
        if missing := [column for column in wanted if column not in position]:
            raise RefusedFileError(f"missing column: {', '.join(missing)}")
        return cls(
            width=len(names),
            encoding=encoding,
            ends_with_separator=raw.rstrip(b"\r\n").endswith(b"|"),
            person={
                field: position[column]
                for field, column in (*PERSON_COLUMNS.items(), *EXTRACTION_COLUMNS.items())
                if column in position
            },
            activity={
                field: position[column]
                for field, column in ACTIVITY_COLUMNS.items()
                if column in position
            },
        )


def holds_savoir_faire(header: bytes) -> bool:
    """Whether this is the first line of a file of savoir-faire, without practices."""
    names = {*header_names(header)[0]}
    return PERSON_COLUMNS["code_savoir_faire"] in names and names.isdisjoint(
        ACTIVITY_COLUMNS.values()
    )


def header_names(raw: bytes) -> tuple[list[str], str]:
    """The columns of a first line, and the encoding that it is in."""
    try:
        # utf-8-sig: a byte order mark is tolerated.
        header, encoding = raw.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        # The extraction may be Latin-1; its header is what says so. Read as Windows-1252, which is
        # the same but for « œ » and the like, which Latin-1 lacks and French names have.
        header, encoding = raw.decode("cp1252", errors="replace"), "cp1252"
    names = [
        _SPELLINGS.get(name := each.strip(), name) for each in header.rstrip("\r\n").split("|")
    ]
    if len(names) < 2:
        raise RefusedFileError("not a register file: the columns are not separated by |")
    # Every line ends with the separator, which makes one empty trailing column.
    return (names[:-1] if not names[-1] else names), encoding
