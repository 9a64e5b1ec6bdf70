"""What keeps cards out is said: by `trust show`, `trust check`, `check`, and counted."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from pytest_django import Settings

from idp.cardbridge.flows.crl import import_list
from idp.cardbridge.flows.trust_state import refused_for_want_of_news, trust_state
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.configuration import Mode
from idp.core import clock
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import make_list
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one


def problems() -> list[str]:
    return [problem for state in trust_state() for problem in state.problems]


def of_cards() -> TrustedCertificate:
    return TrustedCertificate.objects.get(accepts_cards=True, enabled=True)


def make_stale(fort: Credential, *, since: timedelta) -> None:
    RevocationList.objects.filter(issuer=of_cards()).delete()
    crl = make_list(
        fort, this_update=clock.now() - since - timedelta(days=1), lasts=timedelta(days=1)
    )
    import_list(data=crl.public_bytes(Encoding.DER))


def test_all_is_well_in_a_fresh_sandbox(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert problems() == []
    call_command("trust", "check")
    assert "in date" in capsys.readouterr().out


def test_a_missing_list_is_said_where_cards_need_it(sandbox: Path) -> None:
    RevocationList.objects.all().delete()
    # FORT PERSONNES and its root; the lists of authorities that certify files are not missed.
    assert len(problems()) == 2
    with pytest.raises(CommandError, match="no list was ever brought"):
        call_command("trust", "check")


def test_a_stale_list_is_shown_and_the_logins_it_cost_are_counted(
    sandbox: Path, fort: Credential, capsys: pytest.CaptureFixture[str]
) -> None:
    make_stale(fort, since=timedelta(hours=1))
    assert refused_for_want_of_news() == 0
    assert log_in(open_one(), sandbox / "doctor") == "revocation_unknown"
    assert log_in(open_one(), sandbox / "nurse") == "revocation_unknown"
    assert refused_for_want_of_news() == 2
    call_command("trust", "show")
    shown = capsys.readouterr().out
    assert "PROBLEM: its list is stale since" in shown
    assert "2 logins of the last 24 hours were refused" in shown


def test_the_grace_window_is_said_too(sandbox: Path, fort: Credential, settings: Settings) -> None:
    make_stale(fort, since=timedelta(hours=1))
    settings.HYGIE = replace(settings.HYGIE, crl_grace=timedelta(hours=3))
    assert ["grace window ends" in each for each in problems()] == [True]


def test_failures_in_a_row_are_said(sandbox: Path) -> None:
    TrustedCertificate.objects.filter(accepts_cards=True).update(
        crl_failures=2, last_crl_failure="404"
    )
    assert problems() == []
    TrustedCertificate.objects.filter(accepts_cards=True).update(crl_failures=3)
    assert problems() == ["3 fetches of the list failed in a row, the last: 404"]
    TrustedCertificate.objects.filter(accepts_cards=True).update(
        crl_failures=0, ocsp_failures=3, last_ocsp_failure="too slow"
    )
    assert problems() == ["3 questions by OCSP failed in a row, the last: too slow"]


def test_a_list_that_we_did_not_write_is_said(sandbox: Path) -> None:
    RevocationList.objects.filter(issuer=of_cards()).update(seal="0" * 64)
    assert ["not written by this deployment" in each for each in problems()] == [True]


def test_a_disabled_authority_has_no_problem(sandbox: Path) -> None:
    RevocationList.objects.all().delete()
    TrustedCertificate.objects.update(enabled=False)
    assert problems() == []


def test_the_system_check_names_them_in_production(sandbox: Path, settings: Settings) -> None:
    RevocationList.objects.filter(issuer=of_cards()).delete()
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    found = [each for each in run_checks() if each.id == "cardbridge.W002"]
    assert len(found) == 1
    assert "FORT PERSONNES" in found[0].msg


def test_the_responder_of_an_authority_is_told_at_its_import(
    fort: Credential, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fort.pem"
    file.write_bytes(fort.certificate.public_bytes(Encoding.PEM))
    print_of = of_cards().sha256
    words = ("--accept", print_of, "--for-cards", print_of)
    url = "http://ocsp.example"
    call_command("trust", "import", str(file), *words, "--ocsp", f"{print_of}={url}")
    assert (of_cards().ocsp_url, of_cards().ocsp_requires_nonce) == (url, True)
    capsys.readouterr()
    call_command("trust", "show")
    assert f"OCSP {url}" in capsys.readouterr().out
    call_command("trust", "import", str(file), *words, "--ocsp-without-nonce", print_of)
    assert of_cards().ocsp_requires_nonce is False
