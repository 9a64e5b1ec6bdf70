"""The bench: on this machine only, bounded, and it drives a real login."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from idp.cardbridge.flows.crl import import_list
from idp.cardbridge.models import BarredSerial, RevocationList
from idp.oidc.flows.clients import ensure_client
from idp.sandbox.bench import card, steps
from idp.sandbox.bench.cpu import CpuClock
from idp.sandbox.bench.load import (
    BenchError,
    ExhaustedError,
    Limits,
    measure,
    percentile,
)
from idp.sandbox.pki.installation import set_up

NO_CPU = CpuClock(0)


def told(*words: str) -> str:
    out = StringIO()
    call_command("bench", "oidc", *words, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    "url",
    [
        "https://connexion.example.fr",
        "http://connexion.example.fr",
        "http://192.0.2.7:8000",
        "http://localhost.example.fr",
        "http://localhost@192.0.2.7",
    ],
)
def test_no_load_is_put_on_another_machine(url: str) -> None:
    with pytest.raises(CommandError, match="this machine"):
        told("--base-url", url)


@pytest.mark.parametrize(
    "words", [("--seconds", "31"), ("--calls", "0"), ("--connections", "1000"), ("--seconds", "-1")]
)
def test_the_load_is_bounded(words: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="goes from 1 to"):
        told("--base-url", "http://localhost:1", *words)


def test_a_provider_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="bench"):
        told("--base-url", "http://localhost:1")


def counted(calls: list[int]) -> Callable[[], None]:
    return lambda: calls.append(1)


def test_the_count_ends_a_measurement() -> None:
    calls: list[int] = []
    limits = Limits(seconds=30, calls=50)
    row = measure("x", [counted(calls)] * 4, limits=limits, cpu=NO_CPU)
    assert row.calls == len(calls) == 50
    assert row.cpu is None
    assert 0 <= row.p50 <= row.p99


def test_the_time_ends_a_measurement() -> None:
    row = measure("x", [lambda: None], limits=Limits(seconds=0.05, calls=10**9), cpu=NO_CPU)
    assert 0 < row.calls < 10**9


def test_a_wrong_answer_ends_it_and_is_said() -> None:
    def refused() -> None:
        raise BenchError("userinfo answered 401")

    with pytest.raises(BenchError, match="401"):
        measure("x", [refused], limits=Limits(seconds=1, calls=10), cpu=NO_CPU)


def test_a_connection_that_is_done_leaves_the_others_to_go_on() -> None:
    def done() -> None:
        raise ExhaustedError

    row = measure("x", [done, lambda: None], limits=Limits(seconds=1, calls=10), cpu=NO_CPU)
    assert row.calls >= 8


def test_percentiles_are_values_that_were_measured() -> None:
    times = [float(number) for number in range(1, 101)]
    assert (percentile(times, 50), percentile(times, 99)) == (50.0, 99.0)
    assert percentile([3.0], 99) == 3.0


@pytest.mark.django_db(transaction=True)
def test_every_endpoint_and_a_whole_login_are_measured(live_server: LiveServer) -> None:
    set_up()
    redirect_uri = "https://portail.example/callback"
    ensure_client(client_id="banc", name="Banc", secret="s" * 43, redirect_uris=(redirect_uri,))
    rows = told(
        *("--base-url", live_server.url, "--connections", "2", "--calls", "4", "--seconds", "20"),
        *("--client-id", "banc", "--client-secret", "s" * 43, "--redirect-uri", redirect_uri),
    ).splitlines()
    assert [row[:16].strip() for row in rows[2:]] == [
        "discovery",
        "JWKS",
        "code exchange",
        "refresh",
        "userinfo",
        "introspection",
        "whole login",
    ]
    assert all(float(row.split()[-2]) > 0 for row in rows[2:])


class SlowPortal:
    """Takes a second for each code, on a clock of its own."""

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock
        self.redeemed: list[float] = []

    def log_in(self) -> None:
        self.clock[0] += 1

    def code(self) -> float:
        self.clock[0] += 1
        return self.clock[0]

    def redeem(self, made_at: float) -> None:
        self.redeemed.append(self.clock[0] - made_at)


def test_on_a_slow_machine_no_code_has_expired_when_it_is_redeemed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(steps, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    portals: list[Any] = [SlowPortal(clock) for _ in range(4)]
    calls = steps._code_exchange(portals, {}, Limits(seconds=30, calls=2000))
    for call in calls:
        with suppress(ExhaustedError):
            while True:
                call()
    ages = [age for portal in portals for age in portal.redeemed]
    assert len(ages) >= 4
    assert max(ages) + 30 < 60


@pytest.mark.django_db(transaction=True)
def test_a_card_login_and_a_list_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The list is taken by a process of its own, which here would find another database."""
    settings.HYGIE = replace(settings.HYGIE, data_dir=tmp_path)

    def take(path: Path, entries: int) -> card.ListCost:
        import_list(data=path.read_bytes())
        assert BarredSerial.objects.filter(source="crl").count() >= entries
        return card.ListCost(entries=entries, seconds=0.1, megabytes=1)

    monkeypatch.setattr(card, "_take", take)
    monkeypatch.setattr(card, "_log_in_until", lambda stop, times: times.append(0.1))
    out = StringIO()
    call_command("bench", "card", "--calls", "2", "--entries", "3", stdout=out)
    shown = out.getvalue()
    for row in ("verify RSA", "verify EC", "login ", "login meanwhile"):
        assert f"\n{row}" in shown
    assert "a list of 3 entries" in shown
    # What it brought is gone: the sandbox's own list is believed again.
    assert not RevocationList.objects.filter(number=str(10**6)).exists()
    assert not BarredSerial.objects.filter(serial=f"{1 << 150:x}").exists()
