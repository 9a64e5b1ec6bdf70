"""Locks beside the rows: who holds one, and where it is kept."""

from threading import Event, Thread
from uuid import UUID

import pytest
from django.db import connection, transaction

from idp.core.locks import hold, place_of

KEY = UUID("0192f0c1-0000-7000-8000-000000000001")


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_held() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        hold(KEY)


def test_subjects_of_one_moment_do_not_share_a_place() -> None:
    places = {place_of(UUID(int=KEY.int + each)) for each in range(500)}
    assert len(places) == 500
    assert all(0 <= place < 1024 for place in places)


@pytest.mark.usefixtures("locks")
@pytest.mark.django_db(transaction=True)
def test_a_second_one_waits_for_the_end_of_the_first() -> None:
    done = Event()

    def second() -> None:
        with transaction.atomic():
            hold(KEY)
        done.set()
        connection.close()

    with transaction.atomic():
        hold(KEY)
        elsewhere = Thread(target=second)
        elsewhere.start()
        assert not done.wait(1)
    elsewhere.join(20)
    assert done.is_set()
