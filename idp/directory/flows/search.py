"""Search of the directory for others: never the red list, nobody who left, few at a time."""

from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from idp.core.identifiers import InvalidIdentifierError, parse_national_id
from idp.directory.flows.find import existing_people
from idp.directory.models import Exercice, Person
from idp.directory.rules.professional import Professional

MOST = 20


def search_by_identifier(*, identifier: str) -> list[Professional]:
    """The one known by it, as a list of one or none. Eleven digits are a bare RPPS number."""
    is_bare = len(identifier) == 11 and identifier.isdecimal()
    try:
        national_id = parse_national_id(f"8{identifier}" if is_bare else identifier).value
    except InvalidIdentifierError:
        return []
    people = _searchable().filter(alternative_identifiers__identifier=national_id)
    return _professionals(people[:1])


def search_by_name(*, family_name: str, given_names: str) -> tuple[list[Professional], bool]:
    """By the whole name of exercise and, where given, the beginning of the first name; and whether
    more are left than the `MOST` that are told.
    """
    # What a database folds by itself may end at ASCII (SQLite; PostgreSQL in the locale C).
    spellings = (family_name, family_name.lower(), family_name.upper())
    # The person's own column has the index, but may hold a civil name: who practises under another
    # is not told of by it, nor is that name confirmed to anybody.
    practising = Exercice.objects.filter(
        _any("nom", spellings),
        person=OuterRef("pk"),
        until=None,
        prenom__istartswith=given_names,
    )
    people = _searchable().filter(_any("family_name", spellings), Exists(practising))
    found = _professionals(people.order_by("national_id")[: MOST + 1])
    return found[:MOST], len(found) > MOST


def _any(column: str, spellings: tuple[str, ...]) -> Q:
    return reduce(or_, (Q(**{f"{column}__iexact": spelling}) for spelling in spellings))


def _searchable() -> QuerySet[Person]:
    people = existing_people().filter(is_red_listed=False)
    if settings.HYGIE.refuses_who_left_the_register:
        people = people.filter(left_register_at__isnull=True)
    return people


def _professionals(people: QuerySet[Person]) -> list[Professional]:
    return [Professional.from_snapshot(row) for row in people.values_list("snapshot", flat=True)]
