"""Host: only our own name is answered."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/ecps/", "/mon-ecps/", "/aide", "/sandbox/requests"])
@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test:8000"])
def test_a_foreign_name_is_refused_on_every_page(path: str, host: str) -> None:
    assert Client(headers={"host": host}).get(path).status_code == 400


def test_our_own_name_is_answered() -> None:
    assert Client(headers={"host": "localhost:8000"}).get("/aide").status_code == 200


def test_a_foreign_name_costs_the_log_one_line(caplog: pytest.LogCaptureFixture) -> None:
    Client(headers={"host": "evil.test"}).get("/aide")
    (record,) = [one for one in caplog.records if one.name == "django.security.DisallowedHost"]
    assert record.exc_info is None
    assert "evil.test" in record.getMessage()


def test_a_form_without_its_token_costs_the_log_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Client(enforce_csrf_checks=True).post("/langue")
    assert len(caplog.records) == 1
    assert "csrf_refused" in caplog.text
