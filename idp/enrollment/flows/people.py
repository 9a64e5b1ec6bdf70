"""Who holds a device, as the directory knows them now; one who is gone holds nothing."""

from uuid import UUID

from django.conf import settings

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.find import get_professional, is_known_here
from idp.directory.models import Person
from idp.directory.rules.professional import Professional
from idp.enrollment.flows.refusals import fresh_card_needed, unknown_device
from idp.enrollment.gateways.webauthn import RelyingParty
from idp.enrollment.models import ApprovalRequest
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.authentication import AuthMode


def holder_of(person_id: UUID) -> Professional:
    """The professional; a person the register no longer knows is refused."""
    professional = get_professional(person_id=person_id)
    if professional is None:
        raise _no_holder()
    return professional


def holder_row(request: ApprovalRequest) -> Person:
    """Of a request read with its holder: who they are, without their professions."""
    if request.holder is None or not is_known_here(request.holder):
        raise _no_holder()
    return request.holder


def standing_of_holder(request: ApprovalRequest) -> login.Standing:
    """Of a request as `answers.lock_for_answer` reads it."""
    holder = holder_row(request)
    return login.Standing(
        person_id=holder.pk,
        is_ordered_out=vars(request)["is_ordered_out"],
        by_register=login.barred_by_register(holder),
    )


def _no_holder() -> IdpError:
    return unknown_device("the holder is not in the directory")


def is_card_session(session: SsoSession) -> bool:
    """Proven by card; in the sandbox, a test identity logged in as one counts."""
    return session.auth_mode == AuthMode.CARD


def has_fresh_card(session: SsoSession) -> bool:
    """Activation only from a card login of at most five minutes."""
    # A database that once served a sandbox: its sessions enrol nothing here.
    if session.is_test and not settings.HYGIE.is_sandbox:
        return False
    age = clock.now() - session.auth_time
    return is_card_session(session) and age <= settings.HYGIE.lifetimes.fresh_card_login


def require_fresh_card(session: SsoSession) -> None:
    if not has_fresh_card(session):
        raise fresh_card_needed()


def relying_party() -> RelyingParty:
    return RelyingParty(rp_id=settings.HYGIE.rp_id, origin=settings.HYGIE.origin)


def device_group(person_id: UUID) -> str:
    """Wakes the phones of one holder."""
    return f"device.{person_id}"


def enrolment_group(enrolment_id: UUID) -> str:
    return f"enrolment.{enrolment_id}"


def request_group(request_id: UUID) -> str:
    return f"approval.{request_id}"
