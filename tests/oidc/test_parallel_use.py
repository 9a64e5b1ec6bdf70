"""Many at once: one wins, and what it won is ended by the others, which are replays."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from idp.directory.models import Person
from idp.login.models import SsoSession
from idp.oidc.gateways import keys
from idp.oidc.models import Grant, SigningKey
from tests.oidc.ciba import Asker, answer
from tests.oidc.portal import Portal

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 50


def all_at_once(call: Callable[[], Any], *, many: int = MANY) -> list[Any]:
    """What each of many threads got; each has its own connection."""
    start = threading.Barrier(many)
    answers: list[Any] = []

    def one() -> None:
        start.wait()
        try:
            answers.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_code_redeemed_many_times_at_once_succeeds_once(portal: Portal, doctor: Person) -> None:
    code = portal.code(doctor)
    answers = all_at_once(lambda: portal.redeem(code))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (MANY - 1)
    refused = {answer.json()["error"] for answer in answers if answer.status_code == 400}
    assert refused == {"invalid_grant"}
    assert Grant.objects.get().revoke_reason == "code used twice"
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert portal.userinfo(won["access_token"]).status_code == 401


def test_one_refresh_token_used_many_times_at_once_succeeds_once(
    portal: Portal, doctor: Person
) -> None:
    token = portal.tokens(doctor)["refresh_token"]
    answers = all_at_once(lambda: portal.refresh(token))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [400] * (MANY - 1)
    assert Grant.objects.get().revoke_reason == "refresh token used twice"


def test_one_auth_req_id_redeemed_many_times_at_once_succeeds_once(asker: Asker) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    answers = all_at_once(lambda: asker.poll(auth_req_id))
    assert sorted(each.status_code for each in answers) == [200] + [400] * (MANY - 1)
    refused = {each.json()["error"] for each in answers if each.status_code == 400}
    assert refused == {"invalid_grant"}
    assert Grant.objects.count() == SsoSession.objects.count() == 1


def test_processes_that_start_together_make_one_set_of_keys() -> None:
    keys.forget()
    answers = all_at_once(lambda: keys._load(None).signing["RS256"][0], many=4)
    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert SigningKey.objects.count() == 5
    keys.forget()
