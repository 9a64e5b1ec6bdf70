"""The card has the last word of an activation: it signs what both screens compared.

So the phone's keys are certified by the card, and the audit log shows whose.
A browser that was left open cannot do it: the card must be in the reader, and its code typed.
"""

import secrets
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from idp.core import clock, vault
from idp.core.errors import IdpError
from idp.enrollment.flows import refusals
from idp.enrollment.flows.activation import activate, lock_holder, no_room_for, open_proof
from idp.enrollment.flows.evidence import certified_by
from idp.enrollment.models import Enrolment
from idp.enrollment.rules.states import EnrolmentState
from idp.enrollment.rules.transcript import certificate_statement
from idp.login import flows as login
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import LoginPolicy, MethodName, Portal, ReturnAddress

SALT_BYTES = 32
SALT_PURPOSE = "enrolment.salt"


def begin(*, enrolment: Enrolment, browser: login.Browser, client_id: str) -> LoginAttempt:
    """A login by card alone, whose challenge covers the transcript. Begun anew, the last counts."""
    if enrolment.state_at(clock.now()) is not EnrolmentState.COMPARED or not enrolment.sealed_proof:
        raise refusals.enrolment_over(enrolment.state)
    transcript = open_proof(enrolment.sealed_proof).transcript
    salt = secrets.token_bytes(SALT_BYTES)
    label = enrolment.device.label if enrolment.device else ""
    attempt = login.open_attempt(
        portal=Portal(
            client_id=client_id,
            name=_("Activer %(label)s") % {"label": label},
            host=urlsplit(settings.HYGIE.base_url).netloc,
        ),
        policy=LoginPolicy(methods=(MethodName.CARD,)),
        return_to=ReturnAddress(
            url_name="enrollment:certified", kwargs={"enrolment_id": str(enrolment.pk)}
        ),
        browser=browser,
        statement=certificate_statement(transcript=transcript, salt=salt),
    )
    Enrolment.objects.filter(pk=enrolment.pk).update(
        certifying_id=attempt.pk, sealed_salt=vault.seal(salt, purpose=SALT_PURPOSE)
    )
    return attempt


def certify(*, enrolment_id: UUID, finished: login.Finished) -> None:
    """Activates the phone: the card that has just signed is of the person who began it."""
    session = finished.session
    if session is None:
        raise IdpError(
            finished.refusal_code or "access_denied",
            _("La connexion a été arrêtée à votre demande."),
            status=403,
        )
    with transaction.atomic():
        refusal = _certify(enrolment_id, finished.attempt, session)
    if refusal is not None:
        raise refusal


def _certify(enrolment_id: UUID, attempt: LoginAttempt, session: SsoSession) -> IdpError | None:
    lock_holder(session.person_id)
    now = clock.now()
    enrolment = Enrolment.objects.select_related("device").filter(pk=enrolment_id).first()
    if enrolment is None or enrolment.holder_id != session.person_id:
        return refusals.other_card()
    if enrolment.certifying_id != attempt.pk or session.method != MethodName.CARD:
        return refusals.enrolment_over("not this login")
    device = enrolment.device
    if device is None or enrolment.sealed_proof is None or enrolment.sealed_salt is None:
        return refusals.enrolment_over(enrolment.state)
    salt = vault.unseal(enrolment.sealed_salt, purpose=SALT_PURPOSE)
    proof = open_proof(enrolment.sealed_proof)
    if certificate_statement(transcript=proof.transcript, salt=salt) != bytes(attempt.statement):
        return refusals.enrolment_over("another statement")
    if refusal := no_room_for(device):
        return refusal
    # The session may be a new one, where the first was over meanwhile: it is the card's.
    over = {"sealed_proof": None, "sealed_salt": None, "session_id": session.pk}
    if not enrolment.move(EnrolmentState.ACTIVE, now=now, **over):
        return refusals.enrolment_over("raced")
    evidence = certified_by(proof.evidence, reference=attempt.audit_reference, salt=salt)
    activate(device, enrolment, session, evidence)
    return None
