"""Settings fail early outside the sandbox, with the list of what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from idp.configuration import (
    EN_FORMATION_OID,
    LEVELS,
    SECTEUR_ACTIVITE_OID,
    SUBJECT_ROLE_OID,
)
from idp.login.rules.levels import Level
from idp.oidc.rules.claims import OID_PROFESSION_EN_FORMATION, Suffixes

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "HYGIE_MODE": "production",
    "HYGIE_SECRET_KEY": "s" * 50,
    "HYGIE_ENCRYPTION_KEY": "e" * 32,
    "HYGIE_BASE_URL": "https://connexion.example.fr",
    "DATABASE_URL": "sqlite://:memory:",
}


def load(statement: str = "import django; django.setup()", **environment: str) -> tuple[int, str]:
    """Runs a statement with exactly these settings: exit status and what it wrote."""
    done = subprocess.run(
        [sys.executable, "-c", statement],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HYGIE_DATA_DIR": os.environ["HYGIE_DATA_DIR"],
            "DJANGO_SETTINGS_MODULE": "idp.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_production_names_every_missing_setting() -> None:
    status, output = load()
    assert status != 0
    for name in ("HYGIE_SECRET_KEY", "HYGIE_ENCRYPTION_KEY", "HYGIE_BASE_URL", "DATABASE_URL"):
        assert name in output


def test_production_refuses_plain_http() -> None:
    status, output = load(**{**PRODUCTION, "HYGIE_BASE_URL": "http://connexion.example.fr"})
    assert status != 0
    assert "https://" in output


def test_production_refuses_a_short_key() -> None:
    status, output = load(**{**PRODUCTION, "HYGIE_SECRET_KEY": "short"})
    assert status != 0
    assert "too short" in output


def test_production_has_no_sandbox_app_and_no_sandbox_address() -> None:
    status, output = load(
        "import django; django.setup()\n"
        "from django.apps import apps; from django.urls import get_resolver\n"
        "print(apps.is_installed('idp.sandbox'), 'sandbox' in get_resolver().namespace_dict)",
        **PRODUCTION,
    )
    assert status == 0, output
    assert output.split() == ["False", "False"]


def test_production_offers_no_test_identity() -> None:
    status, output = load(
        "import django; django.setup()\n"
        "from idp.login.methods import installed_methods\n"
        "print(*(method.name for method in installed_methods()))",
        **PRODUCTION,
    )
    assert status == 0, output
    assert output.split() == ["card", "phone"]


def test_production_cookies_are_pinned_to_the_host_and_to_https() -> None:
    status, output = load(
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "print(settings.CSRF_COOKIE_NAME, settings.CSRF_COOKIE_SECURE)",
        **PRODUCTION,
    )
    assert status == 0, output
    assert output.split() == ["__Host-hygie_csrf", "True"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"HYGIE_MODE": "prod"}, "HYGIE_MODE must be one of: sandbox, production"),
        ({"HYGIE_CARD_LEVEL": "high"}, "HYGIE_CARD_LEVEL must be one of: eidas1, eidas2, eidas3"),
        ({"HYGIE_PHONE_LEVEL": ""}, "HYGIE_PHONE_LEVEL must be one of"),
        ({"HYGIE_PORT": "80a"}, "HYGIE_PORT must be a whole number from 1 to 65535, not '80a'"),
        ({"HYGIE_PORTAL_PORT": "99999"}, "HYGIE_PORTAL_PORT must be a whole number"),
        ({"HYGIE_BRIDGE_PORTS": "24817;24818"}, "HYGIE_BRIDGE_PORTS must be a whole number"),
        (
            {"HYGIE_TRUSTED_PROXIES": "proxy", "HYGIE_TLS_CLIENT_CERT_HEADER": "X-Cert"},
            "HYGIE_TRUSTED_PROXIES: 'proxy' does not appear to be",
        ),
        ({"HYGIE_PHONE_REPORT_BLOCK_HOURS": "25"}, "a whole number from 0 to 24"),
        ({"HYGIE_PHONE_WARNING_DAYS": "30;7"}, "HYGIE_PHONE_WARNING_DAYS must be a whole number"),
        ({"HYGIE_PHONE_WARNING_DAYS": "0"}, "a whole number from 1 to 365"),
        ({"HYGIE_PHONE_WARNING_DAYS": ""}, "HYGIE_PHONE_WARNING_DAYS must name at least one"),
        ({"HYGIE_PROXIES": "-1"}, "HYGIE_PROXIES must be a whole number"),
        ({"HYGIE_BASE_URL": "https://:443"}, "HYGIE_BASE_URL must be an address"),
        ({"HYGIE_BASE_URL": "https://connexion.example.fr/sso"}, "without a path"),
        ({"HYGIE_SECRET_KEY": "sandbox-only-key-" + "0" * 50}, "not those of the sandbox"),
        (
            {"HYGIE_ENCRYPTION_KEY": "sandbox-only-encryption-key-" + "0" * 32},
            "not those of the sandbox",
        ),
        ({"HYGIE_SECRET_KEY": "k" * 60, "HYGIE_ENCRYPTION_KEY": "k" * 60}, "must be two"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named_at_the_start(
    change: dict[str, str], said: str
) -> None:
    status, output = load(**{**PRODUCTION, **change})
    assert status != 0
    assert said in output


def test_the_levels_of_the_settings_are_those_of_the_logins() -> None:
    assert tuple(map(str, Level)) == LEVELS


def test_every_cookie_of_production_goes_over_https_only() -> None:
    status, output = load(
        "import django; django.setup()\n"
        "from django.http import HttpResponse\n"
        "from idp.login.views import browser\n"
        "response = HttpResponse()\n"
        "browser.remember_browser(response, browser.new_browser())\n"
        "browser.remember_sso(response, 'x'); browser.remember_method(response, 'card')\n"
        "from django.conf import settings\n"
        "print(settings.LANGUAGE_COOKIE_SECURE, *(\n"
        "    morsel.key.startswith('__Host-') and bool(morsel['secure'] and morsel['httponly'])\n"
        "    for morsel in response.cookies.values()))",
        **PRODUCTION,
    )
    assert status == 0, output
    assert output.split() == ["True"] * 4


def test_a_command_says_what_is_wrong_with_the_settings_and_nothing_of_the_code() -> None:
    status, output = load(
        "import sys; sys.argv = ['manage.py', 'check']; import manage; manage.main()",
        HYGIE_MODE="sandbox",
        HYGIE_PORT="eighty",
    )
    assert status == 1
    assert output == "HYGIE_PORT must be a whole number from 1 to 65535, not 'eighty'.\n"


@pytest.mark.parametrize("digits", ["5", "0", "six", "", "06"])
def test_a_pin_has_four_or_six_digits(digits: str) -> None:
    status, said = load(HYGIE_MODE="sandbox", HYGIE_PIN_DIGITS=digits)
    assert status != 0
    assert "HYGIE_PIN_DIGITS must be 4 or 6." in said


@pytest.mark.parametrize(
    "places",
    ["CHU de Lille", "10.0.0.0/8", "10.0.0.0/8=", "10.0.0.1/8=CHU", "10.0.0.0/8=" + "x" * 81],
)
def test_a_place_is_a_network_and_its_name(places: str) -> None:
    status, said = load(HYGIE_MODE="sandbox", HYGIE_PLACES=places)
    assert status != 0
    assert "HYGIE_PLACES" in said


def test_the_narrowest_place_is_said() -> None:
    show = (
        "from django.conf import settings; from idp.enrollment.rules.people import place_of;"
        "print([place_of(each, settings.HYGIE.places) for each in"
        " ('10.1.2.3', '10.2.0.1', '192.0.2.1', 'x')])"
    )
    status, said = load(
        show, HYGIE_MODE="sandbox", HYGIE_PLACES="10.0.0.0/8=CHU,10.1.0.0/16=CHU, urgences"
    )
    # A comma parts two places: a name has none.
    assert status != 0
    status, said = load(
        show, HYGIE_MODE="sandbox", HYGIE_PLACES="10.0.0.0/8=CHU,10.1.0.0/16=Urgences"
    )
    assert status == 0, said
    assert "['Urgences', 'CHU', '', '']" in said


def test_the_tables_of_claims_are_the_same_in_the_rules() -> None:
    assert Suffixes() == Suffixes(
        subject_role=SUBJECT_ROLE_OID, secteur_activite=SECTEUR_ACTIVITE_OID
    )
    assert OID_PROFESSION_EN_FORMATION == EN_FORMATION_OID


@pytest.mark.parametrize("name", ["HYGIE_SUBJECT_ROLE_OID", "HYGIE_SECTEUR_ACTIVITE_OID"])
@pytest.mark.parametrize(
    ("oid", "said"),
    [
        ("1.2.250.1.71.1.2.7", ""),
        ("", "must be an OID"),
        ("G15", "must be an OID"),
        ("1.2.250.1.71.1.2.7\n", "must be an OID"),
        ("1..2.3", "must be an OID"),
        ("1.2.250.1.71.1.2.8", "is the table of professions in training"),
    ],
)
def test_a_table_of_claims_is_an_oid_and_never_that_of_students(
    name: str, oid: str, said: str
) -> None:
    status, output = load(HYGIE_MODE="sandbox", **{name: oid})
    assert (status == 0) == (said == "")
    assert said in output
