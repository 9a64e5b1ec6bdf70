"""The whole directory in one number: equal where nothing was changed."""

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder

from idp.directory.models import (
    AlternativeIdentifier,
    Exercice,
    IssuedCard,
    Person,
    Practice,
    SavoirFaire,
)

TABLES = (Person, AlternativeIdentifier, Exercice, SavoirFaire, Practice, IssuedCard)
# Says how the rows were written, not what they say.
_OF_THE_FILE = ("raw_fingerprint",)


def directory_digest(*, beside_the_file: bool = False) -> str:
    """Every row of people, practices and cards; `beside_the_file`: what it says of people alone."""
    left_out = _OF_THE_FILE if beside_the_file else ()
    rows = [
        [
            {name: value for name, value in row.items() if name not in left_out}
            for row in table.objects.order_by("pk").values()
        ]
        for table in TABLES
    ]
    return hashlib.sha256(json.dumps(rows, cls=DjangoJSONEncoder).encode()).hexdigest()
