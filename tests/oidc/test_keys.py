"""Signing keys: in the vault, published before they sign and after, imported once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from joserfc import jwt
from joserfc.jwk import Key, import_key

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.core.worker import jobs
from idp.directory.models import Person
from idp.oidc.flows.keys import TooSoonError, rotate_due_keys, rotate_keys
from idp.oidc.gateways import keys
from idp.oidc.models import KeyState, SigningKey
from tests.oidc.portal import Portal
from tests.oidc.signing_portal import signed

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


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
    rotate_keys(alg="RS256", is_forced=True)
    assert sorted(states()) == ["current", "next", "previous", "retired"]
    assert AuditRow.objects.filter(event="keys_rotated").count() == 2


def test_tokens_of_the_key_before_stay_good_for_one_rotation(
    portal: Portal, doctor: Person
) -> None:
    token = portal.tokens(doctor)["access_token"]
    rotate_keys(alg="RS256")
    assert portal.userinfo(token).status_code == 200
    rotate_keys(alg="RS256", is_forced=True)
    assert portal.userinfo(token).status_code == 401


def test_a_second_rotation_waits_until_the_tokens_of_the_first_are_over() -> None:
    with clock.frozen(NOW):
        rotate_keys(alg="RS256")
        with pytest.raises(TooSoonError):
            rotate_keys(alg="RS256")
    with clock.frozen(NOW + timedelta(hours=3, minutes=59)), pytest.raises(TooSoonError):
        rotate_keys(alg="RS256")
    assert sorted(states()) == ["current", "next", "previous"]
    with clock.frozen(NOW + timedelta(hours=4)):
        rotate_keys(alg="RS256")
    # Each algorithm has its own keys.
    rotate_keys(alg="ES256")


def test_a_leaked_key_is_turned_at_once() -> None:
    call_command("keys", "rotate", stdout=StringIO())
    with pytest.raises(CommandError, match="wait until"):
        call_command("keys", "rotate", stdout=StringIO())
    call_command("keys", "rotate", "--force", stdout=StringIO())
    forced = [row.data["forced"] for row in AuditRow.objects.filter(event="keys_rotated")]
    assert forced == [False, True]


def test_the_worker_turns_each_key_that_signed_for_its_days() -> None:
    with clock.frozen(NOW):
        keys.ring()
        assert rotate_due_keys() == []
    with clock.frozen(NOW + timedelta(days=89)):
        rotate_keys(alg="ES256")
    with clock.frozen(NOW + timedelta(days=90)):
        assert rotate_due_keys() == ["RS256"]
        assert rotate_due_keys() == []
    assert states("RS256").count("previous") == 1
    with clock.frozen(NOW + timedelta(days=179)):
        assert rotate_due_keys() == ["ES256"]


def test_without_a_schedule_the_worker_leaves_the_keys(settings: Any) -> None:
    settings.HYGIE = replace(settings.HYGIE, key_rotation_days=0)
    with clock.frozen(NOW):
        keys.ring()
    with clock.frozen(NOW + timedelta(days=900)):
        assert rotate_due_keys() == []


def test_the_worker_knows_its_jobs(settings: Any) -> None:
    loaded = {job for job, _every in jobs().values()}
    assert rotate_due_keys in loaded


def test_a_token_signed_elsewhere_by_the_next_key_is_known_already() -> None:
    keys.ring()
    row = SigningKey.objects.get(alg="RS256", state=KeyState.NEXT)
    assert keys.ring().verifying.get_by_kid(row.kid).kid == row.kid


def bare(key: Key) -> dict[str, Any]:
    """The key's own numbers, without the algorithm and the use it is kept for."""
    return {
        name: value
        for name, value in key.as_dict(private=True).items()
        if name not in ("alg", "use", "kid")
    }


def test_a_token_that_names_another_key_of_ours_is_refused(portal: Portal, doctor: Person) -> None:
    """Our own signature counts under the name and the algorithm of the key that made it only."""
    tokens = portal.tokens(doctor)
    claims = keys.read(tokens["access_token"], kind="Bearer")
    ring = keys.ring()
    rs256_kid, rs256 = ring.signing["RS256"]
    es256_kid, es256 = ring.signing["ES256"]
    refreshing = ring.refreshing[0]
    following = SigningKey.objects.get(alg="RS256", state=KeyState.NEXT).kid
    for alg, kid, key in (
        ("RS256", es256_kid, rs256),
        ("RS256", following, rs256),
        ("RS256", refreshing.kid, rs256),
        ("PS256", rs256_kid, rs256),
        ("ES256", rs256_kid, es256),
        ("HS256", refreshing.kid, refreshing),
        ("HS256", rs256_kid, refreshing),
    ):
        token = signed({"alg": alg, "kid": kid}, claims, import_key(bare(key)))
        assert portal.userinfo(token).status_code == 401, (alg, kid)
    assert portal.userinfo(tokens["access_token"]).status_code == 200


def test_a_refresh_token_signed_by_a_published_key_is_refused(
    portal: Portal, doctor: Person
) -> None:
    refresh_token = portal.tokens(doctor)["refresh_token"]
    claims = keys.read_refresh(refresh_token)
    rs256_kid, rs256 = keys.ring().signing["RS256"]
    for kid in (rs256_kid, keys.ring().refreshing[0].kid):
        token = jwt.encode({"alg": "RS256", "kid": kid}, claims, rs256)
        assert portal.refresh(token).json()["error"] == "invalid_grant"
    assert portal.refresh(refresh_token).status_code == 200


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
