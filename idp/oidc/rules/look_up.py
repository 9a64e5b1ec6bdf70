"""What a portal asks of the directory: one person by identifier, or some by name."""

from dataclasses import dataclass
from typing import Any, Final, Self

from idp.directory.rules.professional import Professional
from idp.oidc.rules.claims import exercice_entries
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import Parameters

# Not among the scopes of logins: a portal asks it for itself, and only where it has the right.
LOOK_UP_SCOPE: Final = "annuaire"
SHORTEST_NAME: Final = 2
LONGEST: Final = 80
_NAMES: Final = frozenset({"rpps", "nom", "prenom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Either `rpps`, or `nom` with or without `prenom`."""

    rpps: str = ""
    nom: str = ""
    prenom: str = ""

    @classmethod
    def parse(cls, form: Parameters) -> Self:
        """BackchannelError where it is not one question, clearly put."""
        if form.repeated & _NAMES:
            raise _refused("A parameter is repeated.")
        values = {name: " ".join(form.get(name).split()) for name in sorted(_NAMES)}
        if any(len(value) > LONGEST for value in values.values()):
            raise _refused(f"A parameter is longer than {LONGEST} characters.")
        asked = cls(**values)
        if bool(asked.rpps) == bool(asked.nom or asked.prenom):
            raise _refused("Either rpps, or nom with or without prenom, is required.")
        if not asked.rpps and len(asked.nom) < SHORTEST_NAME:
            raise _refused(f"nom has {SHORTEST_NAME} characters at least.")
        return asked


def person_entry(professional: Professional) -> dict[str, Any]:
    """What the open register says of anybody: names of exercise, professions, practices.

    With the keys of UserInfo; never civil names.
    """
    return {
        "SubjectNameID": professional.national_id,
        "exercices": [
            entry for exercice in professional.exercices for entry in exercice_entries(exercice)
        ],
    }


def _refused(description: str) -> BackchannelError:
    return BackchannelError("invalid_request", description, detail=description)
