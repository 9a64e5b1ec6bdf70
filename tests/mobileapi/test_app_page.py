"""The phone's web app as served: its page, its manifest, its service worker."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings

from idp.core.static_files import compress
from idp.enrollment.rules.push import PushKind

APP = Path(__file__).resolve().parents[2] / "mobileapi" / "static" / "ecps"
FIRST_LOAD = 150_000


@pytest.fixture
def page(client: Client) -> str:
    return client.get("/ecps/").content.decode()


def shell(client: Client) -> list[str]:
    """The addresses the service worker keeps for offline use."""
    worker = client.get("/ecps/sw.js").content.decode()
    found = re.search(r"new Set\((\[.*?\])\)", worker)
    assert found
    kept: list[str] = json.loads(found[1])
    return kept


def test_page_allows_no_script_but_ours(client: Client) -> None:
    policy = client.get("/ecps/")["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


def test_page_may_open_the_websocket_of_this_origin_only(client: Client) -> None:
    policy = client.get("/ecps/")["Content-Security-Policy"]
    connect = re.search(r"connect-src ([^;]*)", policy)
    assert connect
    assert connect[1].split() == ["'self'", "ws://localhost:8000"]


def test_page_has_no_inline_script_or_style(page: str) -> None:
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []


def test_every_sentence_the_modules_ask_for_is_on_the_page(page: str) -> None:
    asked = {
        key
        for module in (APP / "screens").glob("*.js")
        for key in re.findall(r'\btext\(\s*"([\w-]+)"', module.read_text())
    }
    assert asked
    assert asked - set(re.findall(r'data-text="([\w-]+)"', page)) == set()


def test_every_screen_the_modules_show_is_on_the_page(client: Client, settings: Settings) -> None:
    settings.HYGIE = replace(settings.HYGIE, offline_codes=True)
    page = client.get("/ecps/").content.decode()
    shown = {
        name
        for module in [*APP.glob("*.js"), *(APP / "screens").glob("*.js")]
        for name in re.findall(r'\bshow\("([\w-]+)"', module.read_text())
    }
    assert shown == set(re.findall(r'<template data-screen="([\w-]+)"', page))


def test_a_screen_that_is_never_shown_is_not_sent(page: str) -> None:
    assert 'data-screen="offline-code"' not in page


def test_the_page_is_sent_without_the_indentation_of_its_source(page: str) -> None:
    assert all(line == line.strip() != "" for line in page.splitlines())


def test_modules_hold_no_sentence_of_their_own() -> None:
    """What a person reads is translated by the server: no string literal with an accent here."""
    modules = [*APP.glob("*.js"), *(APP / "screens").glob("*.js")]
    literal = re.compile(r'"[^"\n]*[àâçéèêëîïôûùÀÉÈ][^"\n]*"')
    assert [module.name for module in modules if literal.search(module.read_text())] == []


def test_manifest_makes_the_app_installable(client: Client) -> None:
    response = client.get("/ecps/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    manifest = response.json()
    assert manifest["scope"] == manifest["start_url"] == "/ecps/"
    assert manifest["display"] == "standalone"
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))


def test_service_worker_is_a_script_that_is_always_checked_for_news(client: Client) -> None:
    response = client.get("/ecps/sw.js")
    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cache-Control"] == "no-cache"


def test_service_worker_has_a_text_for_every_ring(client: Client) -> None:
    worker = client.get("/ecps/sw.js", headers={"accept-language": "en"}).content.decode()
    found = re.search(r"const RINGS = (\{.*?\});", worker)
    assert found
    rings = json.loads(found[1])
    assert set(rings) == set(PushKind)
    assert rings["request"]["title"] == "Login request"


def test_service_worker_keeps_static_files_only(client: Client) -> None:
    kept = shell(client)
    assert "/static/ecps/app.js" in kept
    assert all(address.startswith("/static/") for address in kept)


def test_service_worker_keeps_every_module_that_the_app_imports(client: Client) -> None:
    modules = {f"/static/ecps/{path.relative_to(APP).as_posix()}" for path in APP.rglob("*.js")}
    modules.discard("/static/ecps/vendor/jsQR.js")
    assert modules <= set(shell(client))


def test_first_load_of_the_app_is_small(client: Client, page: str, tmp_path: Path) -> None:
    for address in shell(client):
        name = address.removeprefix("/static/")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(finders.find(name)), tmp_path / name)
    compress(tmp_path)
    wire: dict[str, int] = {}
    for path in (each for each in tmp_path.rglob("*") if each.is_file()):
        name = str(path).removesuffix(".gz")
        wire[name] = min(path.stat().st_size, wire.get(name, FIRST_LOAD))
    assert len(page.encode()) + sum(wire.values()) <= FIRST_LOAD


def test_foreign_code_comes_with_its_licence() -> None:
    for script in (APP / "vendor").glob("*.js"):
        assert "Apache License" in script.with_suffix(".LICENSE").read_text()


def test_app_is_translated_into_the_language_of_the_browser(client: Client) -> None:
    assert '<html lang="en">' in client.get("/ecps/", headers={"accept-language": "en"}).text
