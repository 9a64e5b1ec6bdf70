"""A proof turned out worthless (card opposed, phone revoked): what was built on it ends at once.

Logins before sessions, always: a login that is finished meanwhile holds its attempt's row, is
waited for, and its session is there to be seen. A login that comes later has lost its proof.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.module_loading import import_string

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.directory.flows.live_cards import has_live_card
from idp.directory.models import Card, Person
from idp.login.flows.sessions import end_session
from idp.login.flows.standing import barred_numbers, barred_people, cause_of, ordered_out
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.revocation import Cause, Withdrawal
from idp.login.rules.steps import AttemptState


@transaction.atomic
def withdraw(*, person_id: UUID, cause: Cause) -> dict[str, int]:
    """Ends all that a person has: phones, logins under way, sessions (with their tokens).

    Portals hear of it as of every session that ends. Each end is a row of the audit log; what is
    returned are the counts. Whom the register bars keeps the phones, which log nobody in
    meanwhile: a register that was wrong for a day costs nobody an activation.
    """
    ends_phones = cause not in (Cause.LEFT_REGISTER, Cause.PRACTICES_ENDED)
    owned = _tell(Withdrawal(person_id=person_id, cause=cause, ends_phones=ends_phones))
    logins = _end_logins(_proven().filter(authentication__person_id=str(person_id)), cause)
    return {"sessions": _end(_live().filter(person_id=person_id), cause), "logins": logins, **owned}


@transaction.atomic
def withdraw_card(*, card: Card, cause: Cause, since: datetime | None = None) -> dict[str, int]:
    """Ends what this card proved, whatever else its holder has; with the last card, all of it.

    Phones stay while another card certifies their holder; one who reports a loss with a phone keeps
    it until the card is opposed. `since`: what the card enrolled from then on was never good.
    """
    ends_phones = cause is not Cause.REPORTED_LOST and not has_live_card(
        person_id=card.person_id, but=card, barred=barred_numbers()
    )
    if ends_phones:
        ends = Q(authentication__person_id=str(card.person_id))
        sessions = _live().filter(person_id=card.person_id)
    else:
        ends, sessions = Q(authentication__card=card.pk), _live().filter(_by(card=card.pk))
    owned = _tell(
        Withdrawal(
            person_id=card.person_id,
            cause=cause,
            card=card.pk,
            since=since,
            ends_phones=ends_phones,
        )
    )
    logins = _end_logins(_proven().filter(ends), cause)
    return {"sessions": _end(sessions, cause), "logins": logins, **owned}


def withdraw_uncertified(*, person_ids: Collection[UUID]) -> int:
    """Of holders whose cards were opposed though never used here: phones that none certifies."""
    barred, done = barred_numbers(), 0
    for person_id in import_string(settings.DEVICE_ORDERS["holders"])(person_ids=person_ids):
        if not has_live_card(person_id=person_id, barred=barred):
            done += bool(withdraw(person_id=person_id, cause=Cause.CARD_OPPOSED)["phones"])
    return done


@transaction.atomic
def withdraw_device(*, device: str, reason: str) -> int:
    """Ends what this phone vouched for: the logins it proved, the sessions it opened; how many."""
    _end_logins(_proven().filter(authentication__device=device), reason)
    return _end(_live().filter(_by(device=device)), reason)


def withdraw_barred_people() -> int:
    """Job of the worker: whom the register bars, and logins that raced with an order.

    Tokens and sessions of the former are dead since the import; here their portals are told.
    """
    # From the sessions to the people, by index: every few seconds, in a directory of millions.
    live = SsoSession.objects.filter(ended_at__isnull=True, expires_at__gt=clock.now())
    is_over = Q(person__left_register_at__isnull=False)
    is_over |= Q(person__practices_ended_on__isnull=False)
    out = live.filter(is_over).values_list("person_id", flat=True)
    people = barred_people().filter(pk__in={*out, *ordered_out()})
    with_session = people.filter(Exists(live.filter(person=OuterRef("pk"))))
    return sum(_withdraw_barred(person) for person in with_session)


@transaction.atomic
def _withdraw_barred(person: Person) -> bool:
    cause = cause_of(person)
    ended = withdraw(person_id=person.pk, cause=cause)
    record(
        event="access_withdrawn",
        outcome=Outcome.ACCEPTED,
        subject=person.national_id,
        is_test=person.is_test,
        data={"cause": cause, "ended": ended},
    )
    return True


def _tell(withdrawal: Withdrawal) -> dict[str, int]:
    """The hooks come first: once a person's phones are over, they prove no login any more."""
    return {
        name: import_string(path)(withdrawal) for name, path in settings.WITHDRAWAL_HOOKS.items()
    }


def _by(**proof: int | str) -> Q:
    """Sessions that this card or phone opened, now or before another means took over."""
    ((name, value),) = proof.items()
    earlier = SsoSession.objects.filter(**{f"earlier__{name}": value}).values("pk")
    return Q(**{name: value}) | Q(pk__in=earlier)


def _live() -> QuerySet[SsoSession]:
    return SsoSession.objects.select_related("person").filter(
        ended_at__isnull=True, expires_at__gt=clock.now()
    )


def _end(sessions: QuerySet[SsoSession], reason: str) -> int:
    return sum(end_session(session=session, reason=reason) for session in sessions)


def _proven() -> QuerySet[LoginAttempt]:
    """Proven and not yet finished: in a moment they would open a session."""
    return LoginAttempt.objects.select_for_update().filter(
        state=AttemptState.PROVEN, expires_at__gt=clock.now()
    )


def _end_logins(proven: QuerySet[LoginAttempt], reason: str) -> int:
    done = 0
    for attempt in proven:
        proof = attempt.proof
        row = record(
            event="login_withdrawn",
            outcome=Outcome.REFUSED,
            subject=proof.national_id if proof else "",
            client_id=attempt.client_id,
            is_test=proof.is_test if proof else False,
            data={"attempt": str(attempt.pk), "reason": reason},
        )
        done += attempt.withdraw("access_denied", reference=row.reference, now=clock.now())
    return done
