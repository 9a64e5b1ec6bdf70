"""Whether a person may log in at all, whatever the means: the register and orders in force say so.

Asked when a means has proven who it is, and again when its login is finished.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.directory.rules.card_numbers import short_card_number
from idp.login.models import RevocationOrder
from idp.login.rules.revocation import Cause, TargetKind

ACCESS_REVOKED = "access_revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What somebody's access hangs on, read in the transaction that asks."""

    person_id: UUID
    is_ordered_out: bool
    by_register: Cause | None


def barred_people() -> QuerySet[Person]:
    """Persons who must not log in. Whoever is on the red list is absent from public files."""
    is_out = Q(is_ordered=True)
    if settings.HYGIE.refuses_who_left_the_register:
        is_out |= Q(left_register_at__isnull=False, is_red_listed=False)
    if settings.HYGIE.refuses_whose_practices_ended:
        is_out |= Q(practices_ended_on__isnull=False, left_register_at__isnull=True)
    return Person.objects.annotate(is_ordered=_ordered()).filter(is_out)


def barred_by_register(person: Person) -> Cause | None:
    """Of a row at hand, without a statement: sessions and tokens are judged by it at each use."""
    policy = settings.HYGIE
    if person.left_register_at is not None:
        is_out = policy.refuses_who_left_the_register and not person.is_red_listed
        return Cause.LEFT_REGISTER if is_out else None
    is_out = policy.refuses_whose_practices_ended and person.practices_ended_on is not None
    return Cause.PRACTICES_ENDED if is_out else None


def check_standing(*, person_id: UUID) -> None:
    """One statement; IdpError where this person must not log in."""
    person = barred_people().filter(pk=person_id).first()
    if person is not None:
        raise _barred(cause_of(person))


def judge(standing: Standing) -> None:
    """The same of what a caller has read with its own rows."""
    if standing.is_ordered_out:
        raise _barred(Cause.ORDER)
    if standing.by_register:
        raise _barred(standing.by_register)


def _barred(cause: Cause) -> IdpError:
    if cause is Cause.ORDER:
        said = _(
            "Votre accès à ce service est suspendu. Aucune connexion n’est possible en votre nom."
        )
    elif cause is Cause.PRACTICES_ENDED:
        said = _(
            "Le répertoire des professionnels indique que vous n’exercez plus nulle part. "
            "Si c’est une erreur, adressez-vous à votre Ordre ou à votre autorité d’enregistrement."
        )
    else:
        said = _(
            "Le répertoire des professionnels ne vous compte plus parmi ceux qui exercent. "
            "Si c’est une erreur, adressez-vous à votre Ordre ou à votre autorité d’enregistrement."
        )
    return IdpError(ACCESS_REVOKED, said, detail=cause, status=403)


def cause_of(person: Person) -> Cause:
    """Of a row of `barred_people`."""
    if getattr(person, "is_ordered", False):
        return Cause.ORDER
    return barred_by_register(person) or Cause.LEFT_REGISTER


def ordered_out() -> set[UUID]:
    """The persons that an order in force keeps out."""
    orders = _orders_out().filter(person__isnull=False)
    return {person_id for person_id in orders.values_list("person_id", flat=True) if person_id}


def card_orders(numbers: Iterable[str]) -> QuerySet[RevocationOrder]:
    """The orders in force that bar one of these cards."""
    return RevocationOrder.objects.filter(
        kind=TargetKind.CARD,
        lifted_at__isnull=True,
        target__in=[short_card_number(number) for number in numbers],
    )


def barred_numbers() -> set[str]:
    """Short numbers of all the cards that an order bars."""
    orders = RevocationOrder.objects.filter(kind=TargetKind.CARD, lifted_at__isnull=True)
    return set(orders.values_list("target", flat=True))


def is_phone_ordered_out(device: UUID) -> bool:
    return RevocationOrder.objects.filter(
        kind=TargetKind.DEVICE, lifted_at__isnull=True, target=str(device)
    ).exists()


def _ordered() -> Exists:
    return is_ordered_out("pk")


def is_ordered_out(column: str) -> Exists:
    """For a queryset: whether an order in force keeps out the person whose key this column is."""
    return Exists(_orders_out().filter(person_id=OuterRef(column)))


def _orders_out() -> QuerySet[RevocationOrder]:
    """The orders in force about persons."""
    return RevocationOrder.objects.filter(kind=TargetKind.PERSON, lifted_at__isnull=True)
