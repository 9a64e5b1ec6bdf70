"""Signing keys: in the vault, published before they sign and after, imported once."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from joserfc.jwk import Key

from idp.audit.models import AuditRow
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.oidc.flows.keys import rotate_keys
from idp.oidc.gateways import keys
from idp.oidc.models import KeyState, SigningKey
from tests.oidc.portal import Portal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_keys() -> object:
    """These tests look at the rows: the keys are made in each of them."""
    keys.forget()
    yield
    keys.forget()


def states(alg: str = "RS256") -> list[str]:
    return [row.state for row in SigningKey.objects.filter(alg=alg).order_by("created_at")]


def test_the_first_need_makes_the_keys() -> None:
    assert not SigningKey.objects.exists()
    keys.ring()
    assert sorted(states()) == sorted(states("ES256")) == ["current", "next"]
    assert states("HS256") == ["current"]


def test_a_second_process_finds_the_same_keys() -> None:
    kid = keys.ring().signing["RS256"][0]
    keys.forget()
    assert keys.ring().signing["RS256"][0] == kid
    assert SigningKey.objects.count() == 5


def test_a_process_that_comes_second_takes_the_keys_of_the_first() -> None:
    keys.ring()
    # What both saw missing is made once: the unique constraint refuses the second.
    rows = keys._ensure([])
    assert len(rows) == SigningKey.objects.count() == 5


def test_no_private_key_is_in_clear_in_the_database() -> None:
    _kid, key = keys.ring().signing["RS256"]
    private = key.as_dict(private=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM oidc_signingkey")
        kept = repr([[bytes(c) if isinstance(c, memoryview) else c for c in r] for r in cursor])
    assert str(private["d"]) not in kept
    assert str(private["p"]) not in kept
    assert str(private["n"]) in kept


def test_a_private_key_is_imported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = keys._open

    def counted(row: SigningKey) -> Key:
        opened.append(row.alg)
        return real(row)

    monkeypatch.setattr(keys, "_open", counted)
    monkeypatch.setattr(keys, "RELOAD_EVERY", 0.0)
    for _ in range(3):
        keys.ring()
    assert opened.count("RS256") == 1


def test_a_rotation_moves_each_key_one_place() -> None:
    keys.ring()
    following = SigningKey.objects.get(alg="RS256", state=KeyState.NEXT).kid
    assert rotate_keys(alg="RS256").kid == following
    assert keys.ring().signing["RS256"][0] == following
    assert sorted(states()) == ["current", "next", "previous"]
    rotate_keys(alg="RS256")
    assert sorted(states()) == ["current", "next", "previous", "retired"]
    assert AuditRow.objects.filter(event="keys_rotated").count() == 2


def test_tokens_of_the_key_before_stay_good_for_one_rotation(
    portal: Portal, doctor: Person
) -> None:
    token = portal.tokens(doctor)["access_token"]
    rotate_keys(alg="RS256")
    assert portal.userinfo(token).status_code == 200
    rotate_keys(alg="RS256")
    assert portal.userinfo(token).status_code == 401


def test_a_token_signed_elsewhere_by_the_next_key_is_known_already() -> None:
    keys.ring()
    row = SigningKey.objects.get(alg="RS256", state=KeyState.NEXT)
    assert keys.ring().verifying.get_by_kid(row.kid).kid == row.kid


def test_a_key_of_another_vault_is_unreadable(settings: object) -> None:
    keys.ring()
    keys.forget()
    settings.ENCRYPTION_KEY = "another" * 8  # type: ignore[attr-defined]
    with pytest.raises(IdpError, match="vault"):
        keys.ring()


def test_the_command_lists_and_rotates_and_shows_nothing_private() -> None:
    out = StringIO()
    call_command("keys", "rotate", "--alg", "ES256", stdout=out)
    call_command("keys", "list", stdout=out)
    text = out.getvalue()
    current = SigningKey.objects.get(alg="ES256", state=KeyState.CURRENT)
    assert f"ES256 {current.kid} signs from now on" in text
    assert text.count("\n") == 7
    sealed = bytes(current.sealed_private_jwk).decode()
    assert sealed not in text
    assert json.dumps(current.public_jwk) not in text
