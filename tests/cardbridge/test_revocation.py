"""Revocation lists: signed, fresh, full, never older than the one before. Fail closed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from structlog.testing import capture_logs

from idp.cardbridge.flows import crl as crl_flow
from idp.cardbridge.flows.crl import import_list, refresh_due_crls
from idp.cardbridge.gateways.revocation_lists import fingerprint
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.core import clock, outbound
from idp.core.errors import IdpError
from idp.login.models import LoginAttempt
from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy, load_or_make
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft, make_list
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one


def der(crl: x509.CertificateRevocationList) -> bytes:
    return crl.public_bytes(Encoding.DER)


def row_of(issuer: Credential) -> TrustedCertificate:
    return TrustedCertificate.objects.get(
        subject=issuer.certificate.subject.rfc4514_string(), enabled=True
    )


def test_a_list_imported_now_revokes_at_the_next_login(
    fort: Credential, attempt: LoginAttempt
) -> None:
    card = craft(fort)
    assert log_in(attempt, card) == ""
    import_list(data=der(make_list(fort, revoked=(card.certificate.serial_number,))))
    LoginAttempt.objects.filter(pk=attempt.pk).update(state="open")
    assert log_in(attempt, card) == "card_revoked"


def test_no_list_of_the_issuer_refuses(
    sandbox: Path, fort: Credential, attempt: LoginAttempt
) -> None:
    RevocationList.objects.filter(issuer=row_of(fort)).delete()
    assert log_in(attempt, sandbox / "doctor") == "revocation_unknown"


def test_no_list_of_the_root_refuses(
    sandbox: Path, hierarchy: Hierarchy, attempt: LoginAttempt
) -> None:
    root = hierarchy.authorities[AuthorityName.ROOT_FORT]
    RevocationList.objects.filter(issuer=row_of(root)).delete()
    assert log_in(attempt, sandbox / "doctor") == "revocation_unknown"


def test_an_issuer_revoked_by_its_root_refuses(
    sandbox: Path, hierarchy: Hierarchy, fort: Credential, attempt: LoginAttempt
) -> None:
    root = hierarchy.authorities[AuthorityName.ROOT_FORT]
    import_list(data=der(make_list(root, revoked=(fort.certificate.serial_number,))))
    assert log_in(attempt, sandbox / "doctor") == "card_revoked"


def make_stale(fort: Credential) -> None:
    begins = clock.now() - timedelta(days=2)
    RevocationList.objects.filter(issuer=row_of(fort)).delete()
    crl = make_list(fort, this_update=begins, lasts=timedelta(days=1))
    import_list(data=der(crl))


def test_a_stale_list_refuses(sandbox: Path, fort: Credential, attempt: LoginAttempt) -> None:
    make_stale(fort)
    assert log_in(attempt, sandbox / "doctor") == "revocation_unknown"


def test_the_grace_window_lets_a_stale_list_serve_and_says_so(
    sandbox: Path,
    fort: Credential,
    attempt: LoginAttempt,
    settings: Settings,
) -> None:
    make_stale(fort)
    settings.HYGIE = replace(settings.HYGIE, crl_grace=timedelta(days=2))
    with capture_logs() as logs:
        assert log_in(attempt, sandbox / "doctor") == ""
    assert "crl_grace_used" in [entry["event"] for entry in logs]


def test_the_grace_window_ends(
    sandbox: Path, fort: Credential, attempt: LoginAttempt, settings: Settings
) -> None:
    make_stale(fort)
    settings.HYGIE = replace(settings.HYGIE, crl_grace=timedelta(hours=23))
    assert log_in(attempt, sandbox / "doctor") == "revocation_unknown"


def test_a_revoked_card_stays_refused_within_the_grace_window(
    fort: Credential, attempt: LoginAttempt, settings: Settings
) -> None:
    card = craft(fort, Recipe())
    RevocationList.objects.filter(issuer=row_of(fort)).delete()
    crl = make_list(
        fort,
        this_update=clock.now() - timedelta(days=2),
        lasts=timedelta(days=1),
        revoked=(card.certificate.serial_number,),
    )
    import_list(data=der(crl))
    settings.HYGIE = replace(settings.HYGIE, crl_grace=timedelta(days=2))
    assert log_in(attempt, card) == "card_revoked"


def test_a_list_altered_in_the_database_is_not_believed(
    sandbox: Path, fort: Credential, attempt: LoginAttempt, tmp_path: Path
) -> None:
    rogue = load_or_make(tmp_path, base_url="http://rogue", now=clock.now())
    forged = der(make_list(rogue.authorities[AuthorityName.FORT_PERSONNES]))
    kept = RevocationList.objects.filter(issuer=row_of(fort))
    kept.update(der=forged)
    kept.update(sha256="0" * 64)
    assert log_in(attempt, sandbox / "doctor") == "revocation_unknown"
    kept.update(sha256=fingerprint(forged))
    assert log_in(attempt, sandbox / "doctor") == "revocation_unknown"


# ---- what is kept -------------------------------------------------------------------------------


def refused(data: bytes) -> str:
    with pytest.raises(IdpError) as error:
        import_list(data=data)
    return error.value.detail


def test_a_list_of_a_stranger_with_the_same_name_is_refused(sandbox: Path, tmp_path: Path) -> None:
    rogue = load_or_make(tmp_path, base_url="http://rogue", now=clock.now())
    detail = refused(der(make_list(rogue.authorities[AuthorityName.FORT_PERSONNES])))
    assert "signature" in detail


def test_an_older_list_is_refused(fort: Credential) -> None:
    import_list(data=der(make_list(fort, number=7)))
    older = make_list(fort, number=6, this_update=clock.now() - timedelta(days=1))
    assert "older" in refused(der(older))


def test_the_same_list_again_is_no_error(fort: Credential) -> None:
    crl = der(make_list(fort, number=7))
    import_list(data=crl)
    assert import_list(data=crl).number == "7"


def test_a_list_from_the_future_is_refused(fort: Credential) -> None:
    crl = make_list(fort, this_update=clock.now() + timedelta(hours=1))
    assert "future" in refused(der(crl))


@pytest.mark.parametrize(
    "extra",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(None, None, True, False, None, False, False),
        x509.IssuingDistributionPoint(None, None, False, False, None, True, False),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.7"), b"\x05\x00"),
    ],
    ids=["delta", "partial", "indirect", "unknown critical"],
)
def test_a_list_that_does_not_tell_every_status_is_refused(
    fort: Credential, extra: x509.ExtensionType
) -> None:
    assert "no trusted authority" in refused(der(make_list(fort, extra=extra)))


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN X509 CRL-----\nAA\n"])
def test_what_is_no_list_is_refused(sandbox: Path, data: bytes) -> None:
    assert "refused" in refused(data)


def test_bytes_after_a_list_are_refused(fort: Credential) -> None:
    assert "refused" in refused(der(make_list(fort)) + b"\x00")


def test_the_command_keeps_a_list_and_names_its_issuer(
    fort: Credential, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.crl"
    file.write_bytes(make_list(fort, number=9).public_bytes(Encoding.PEM))
    call_command("crl", "import", str(file))
    assert "FORT PERSONNES" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("crl", "import", str(tmp_path / "absent.crl"))
    file.write_bytes(b"junk")
    with pytest.raises(CommandError):
        call_command("crl", "import", str(file))


# ---- what the worker fetches ------------------------------------------------------------------


@pytest.fixture
def published(hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the authorities' servers would answer, by address; an address not here answers 404."""
    answers: dict[str, bytes] = {}

    def send(*, url: str, **_options: object) -> outbound.OutboundAnswer:
        body = answers.get(url)
        return outbound.OutboundAnswer(
            status=404 if body is None else 200, headers={}, body=body or b""
        )

    monkeypatch.setattr(outbound, "send", send)
    for name, credential in hierarchy.authorities.items():
        url = TrustedCertificate.objects.get(
            subject=credential.certificate.subject.rfc4514_string()
        ).crl_url
        assert url.endswith(f"/sandbox/pki/{name}.crl")
        answers[url] = der(make_list(credential, number=50))
    return answers


def test_nothing_is_fetched_before_it_is_due(published: dict[str, bytes]) -> None:
    assert refresh_due_crls() == crl_flow.Refreshed(fetched=0, failed=0)


def test_old_lists_are_fetched(published: dict[str, bytes]) -> None:
    old = clock.now() - timedelta(hours=7)
    RevocationList.objects.update(fetched_at=old, this_update=old)
    assert refresh_due_crls() == crl_flow.Refreshed(fetched=4, failed=0)
    assert set(RevocationList.objects.values_list("number", flat=True)) == {"50"}
    assert refresh_due_crls().fetched == 0


def test_a_missing_list_is_fetched(fort: Credential, published: dict[str, bytes]) -> None:
    RevocationList.objects.filter(issuer=row_of(fort)).delete()
    assert refresh_due_crls().fetched == 1


def test_one_address_that_fails_does_not_keep_the_others(
    fort: Credential, published: dict[str, bytes]
) -> None:
    RevocationList.objects.all().delete()
    del published[row_of(fort).crl_url]
    assert refresh_due_crls() == crl_flow.Refreshed(fetched=3, failed=1)


def test_a_server_that_answers_something_else_changes_nothing(
    fort: Credential, hierarchy: Hierarchy, published: dict[str, bytes]
) -> None:
    before = RevocationList.objects.get(issuer=row_of(fort)).sha256
    RevocationList.objects.update(fetched_at=clock.now() - timedelta(hours=7))
    root = hierarchy.authorities[AuthorityName.ROOT_FORT]
    published[row_of(fort).crl_url] = der(make_list(root))
    assert refresh_due_crls().failed == 1
    assert RevocationList.objects.get(issuer=row_of(fort)).sha256 == before


def test_the_command_says_what_failed(published: dict[str, bytes]) -> None:
    RevocationList.objects.all().delete()
    published.clear()
    with pytest.raises(CommandError):
        call_command("crl", "refresh")


def test_lists_of_another_secret_key_are_fetched_again_at_once(
    sandbox: Path, published: dict[str, bytes], settings: Settings
) -> None:
    settings.SECRET_KEY = "another-" + "0" * 50
    attempt = open_one()
    assert log_in(attempt, sandbox / "doctor") == "revocation_unknown"
    assert refresh_due_crls().fetched == 4
    assert log_in(attempt, sandbox / "doctor") == ""


def test_a_fetch_that_fails_is_counted_and_one_that_does_not_ends_the_count(
    fort: Credential, published: dict[str, bytes]
) -> None:
    RevocationList.objects.filter(issuer=row_of(fort)).delete()
    url = row_of(fort).crl_url
    good = published.pop(url)
    refresh_due_crls()
    refresh_due_crls()
    assert row_of(fort).crl_failures == 2
    assert "404" in row_of(fort).last_crl_failure
    published[url] = good
    refresh_due_crls()
    assert (row_of(fort).crl_failures, row_of(fort).last_crl_failure) == (0, "")


def test_a_login_reads_no_list_however_long(
    sandbox: Path, fort: Credential, attempt: LoginAttempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signature and freshness are checked once, when a list comes in; a login asks by serial."""
    monkeypatch.setattr(x509, "load_der_x509_crl", pytest.fail)
    with CaptureQueriesContext(connection) as queries:
        assert log_in(attempt, sandbox / "doctor") == ""
    asked = [query["sql"] for query in queries if "barredserial" in query["sql"]]
    assert len(asked) == 1
    assert not [query for query in queries if 'revocationlist"."der"' in query["sql"]]
