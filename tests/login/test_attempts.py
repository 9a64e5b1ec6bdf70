"""One login attempt: bound to its browser, proven once, taken once, never downgraded."""

from datetime import timedelta
from uuid import uuid4

import pytest

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.flows.attempts import return_token
from idp.login.flows.purge import purge_logins
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import LoginPolicy, MethodName
from idp.login.rules.levels import Level
from tests.login.conftest import BROWSER, open_one, proof_of
from tests.people import make_person

pytestmark = pytest.mark.django_db
STRANGER = login.Browser(secret="s" * 43)


@pytest.mark.parametrize("browser", [None, STRANGER])
def test_an_attempt_belongs_to_the_browser_that_opened_it(browser: login.Browser | None) -> None:
    attempt = open_one()
    with pytest.raises(IdpError, match="attempt_over"):
        login.attempt_of(attempt_id=attempt.pk, browser=browser)
    assert login.attempt_of(attempt_id=attempt.pk, browser=BROWSER) == attempt


def test_an_unknown_attempt_is_answered_like_a_foreign_one() -> None:
    with pytest.raises(IdpError, match="attempt_over"):
        login.attempt_of(attempt_id=uuid4(), browser=BROWSER)


def test_a_proof_opens_one_session(person: Person) -> None:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    session, secret = login.finish(attempt=attempt)
    assert session.person_id == person.pk
    assert login.current_session(cookie_secret=secret) == session
    with pytest.raises(IdpError, match="attempt_over"):
        login.finish(attempt=attempt)
    assert SsoSession.objects.count() == 1


def test_an_attempt_is_proven_once(person: Person) -> None:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    with pytest.raises(IdpError, match="attempt_over"):
        login.prove(attempt=attempt, authentication=proof_of(person))
    assert AuditRow.objects.filter(outcome="accepted").count() == 1


def test_an_attempt_without_proof_opens_nothing() -> None:
    with pytest.raises(IdpError, match="attempt_over"):
        login.finish(attempt=open_one())


def test_a_proof_that_comes_too_late_is_refused(person: Person) -> None:
    attempt = open_one()
    with clock.frozen(attempt.expires_at), pytest.raises(IdpError, match="attempt_over"):
        login.prove(attempt=attempt, authentication=proof_of(person))


@pytest.mark.parametrize(
    "policy", [LoginPolicy(acr_values=("eidas3",)), LoginPolicy(methods=(MethodName.PHONE,))]
)
def test_a_proof_below_the_policy_is_refused(person: Person, policy: LoginPolicy) -> None:
    attempt = open_one(policy)
    with pytest.raises(IdpError, match="unmet_authentication_requirements"):
        login.prove(attempt=attempt, authentication=proof_of(person, level=Level.EIDAS2))
    attempt.refresh_from_db()
    assert attempt.state == "open"


def test_a_refused_attempt_cannot_be_proven(person: Person) -> None:
    attempt = open_one()
    login.refuse(attempt=attempt, code="access_denied")
    with pytest.raises(IdpError, match="attempt_over"):
        login.prove(attempt=attempt, authentication=proof_of(person))
    assert AuditRow.objects.get().data["code"] == "access_denied"


def test_a_failed_try_leaves_a_row_and_the_attempt_open() -> None:
    attempt = open_one()
    error = login.note_failure(attempt=attempt, error=IdpError("card_revoked", ""), method="card")
    attempt.refresh_from_db()
    assert attempt.state == "open"
    assert AuditRow.objects.get(reference=error.reference).data["code"] == "card_revoked"


def test_the_asker_reads_who_came_back(person: Person) -> None:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    session, _ = login.finish(attempt=attempt)
    token = return_token(attempt, session)
    finished = login.read_finished(token=token, browser=BROWSER)
    assert (finished.session, finished.refusal_code) == (session, "")
    with pytest.raises(IdpError, match="attempt_over"):
        login.read_finished(token=token, browser=STRANGER)


def finished_session(person: Person, *, previous: str = "") -> tuple[SsoSession, str]:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    return login.finish(attempt=attempt, previous_secret=previous)


def test_the_same_person_goes_on_in_the_same_session_with_a_new_cookie(person: Person) -> None:
    first, first_secret = finished_session(person)
    second, second_secret = finished_session(person, previous=first_secret)
    assert second.pk == first.pk
    assert second.auth_time > first.auth_time
    assert login.current_session(cookie_secret=first_secret) is None
    assert login.current_session(cookie_secret=second_secret) == second


def test_another_person_at_the_same_browser_ends_the_first_ones_session(person: Person) -> None:
    first, first_secret = finished_session(person)
    second, _ = finished_session(make_person("899900000029"), previous=first_secret)
    assert second.pk != first.pk
    first.refresh_from_db()
    assert first.ended_at is not None


def test_a_session_ends_after_four_hours(person: Person) -> None:
    session, secret = finished_session(person)
    start = session.auth_time
    for minutes in range(25, 240, 25):
        with clock.frozen(start + timedelta(minutes=minutes)):
            assert login.current_session(cookie_secret=secret)
    with clock.frozen(session.expires_at):
        assert login.current_session(cookie_secret=secret) is None


def test_a_session_ends_after_half_an_hour_without_use(person: Person) -> None:
    session, secret = finished_session(person)
    with clock.frozen(session.last_seen_at + timedelta(minutes=30)):
        assert login.current_session(cookie_secret=secret) is None


def test_a_session_is_ended_once_and_audited(person: Person) -> None:
    session, secret = finished_session(person)
    assert login.end_session(session=session, reason="logout")
    assert not login.end_session(session=session, reason="logout")
    assert login.current_session(cookie_secret=secret) is None
    assert AuditRow.objects.filter(event="session_ended").count() == 1


def test_an_empty_cookie_is_no_session() -> None:
    assert login.current_session(cookie_secret="") is None


def test_attempts_over_for_a_day_are_removed() -> None:
    attempt = open_one()
    with clock.frozen(attempt.expires_at + timedelta(hours=23)):
        assert purge_logins() == 0
    with clock.frozen(attempt.expires_at + timedelta(hours=25)):
        assert purge_logins() == 1
    assert not LoginAttempt.objects.exists()
