"""Waiting pages: how soon one hears of its approval while a thousand others wait, and at what cost.

One live process, as the demo has it; the approvals come over HTTP from a phone in software.
"""

import asyncio
import gzip
import http.client
import json
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.test import Client

from idp.core import clock, secrets
from idp.directory.flows.find import find_professional
from idp.enrollment.flows.requests import Ceremony, ask_holder
from idp.enrollment.flows.tokens import number_of
from idp.enrollment.models import ApprovalRequest
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import LoginPolicy, Portal, ReturnAddress
from idp.sandbox.bench.cpu import CpuClock
from idp.sandbox.bench.load import BenchError, percentile
from idp.sandbox.bench.phone import BenchPhone
from idp.sandbox.bench.server import provider
from idp.sandbox.demo.check import TEST_PERSON

WARM = 50
PORTAL = Portal(client_id="bench", name="bench", host="localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFigures:
    """Times in ms, from the phone's POST; memory in KiB; `cpu`: of an approval, ms."""

    waiting: int
    approvals: int
    heard_p50: float
    heard_p99: float
    finished_p50: float
    finished_p99: float
    page_kib: float
    cpu: float
    first_load: int


@dataclass(frozen=True, slots=True)
class _Page:
    """A browser that waits."""

    request_id: UUID
    attempt_id: UUID
    secret: str


def live_provider(port: int) -> AbstractContextManager[str]:
    """The base URL of one ASGI process with data of its own."""
    return provider(
        port,
        *("uvicorn", "idp.asgi:application", "--host", "127.0.0.1", "--port", str(port)),
        *("--lifespan", "off", "--log-level", "warning"),
    )


def run(*, base_url: str, waiting: int, approvals: int) -> LiveFigures:
    """Opens the pages, then approves one login after another, and looks who heard when."""
    first_load, cpu = _first_load(base_url), _cpu_of_approvals(approvals)
    pages = _waiting_pages(waiting)
    with _phone(base_url) as phone:
        heard, finished, page_kib = asyncio.run(_run(base_url, pages, phone, approvals))
    return LiveFigures(
        waiting=waiting,
        approvals=approvals,
        heard_p50=percentile(heard, 50),
        heard_p99=percentile(heard, 99),
        finished_p50=percentile(finished, 50),
        finished_p99=percentile(finished, 99),
        page_kib=page_kib,
        cpu=cpu,
        first_load=first_load,
    )


@contextmanager
def _phone(base_url: str) -> Iterator[BenchPhone]:
    professional = find_professional(identifier=TEST_PERSON)
    if professional is None:
        raise BenchError(f"no person {TEST_PERSON}")
    phone = BenchPhone(holder_id=professional.person_id, base_url=base_url)
    try:
        yield phone
    finally:
        LoginAttempt.objects.filter(client_id=PORTAL.client_id).delete()
        phone.device.delete()


def _cpu_of_approvals(count: int) -> float:
    """Of the request that approves, through every layer of the application, ms: the median.

    In this process, where the clock tells the server's part from the phone's.
    """
    client = Client(headers={"host": urlsplit(settings.HYGIE.base_url).netloc})
    spent = list[float]()
    with _phone(settings.HYGIE.base_url) as phone:

        def post(path: str, body: bytes) -> tuple[Any, float]:
            for _nth in range(2):
                headers = phone.headers("POST", path, body)
                began = time.process_time()
                answer = client.post(path, body, content_type="application/json", headers=headers)
                took = time.process_time() - began
                phone.nonce = answer.headers.get("DPoP-Nonce", phone.nonce)
                if answer.status_code == 200:
                    return answer.json(), took
            raise BenchError(f"{path}: {answer.status_code}")

        for nth in range(count + 1):
            _page, request = _ask()
            number = number_of(request)
            path = f"/api/v1/requests/{request.pk}"
            typed = json.dumps({"number": number}).encode()
            challenge, _took = post(f"{path}/challenge", typed)
            _approved, took = post(f"{path}/approve", phone.approval(request, challenge, number))
            # The first one reads what is read once a process.
            spent += [took * 1000] if nth else []
    return percentile(spent, 50)


async def _run(
    base_url: str, pages: list[_Page], phone: BenchPhone, approvals: int
) -> tuple[list[float], list[float], float]:
    """When each page heard, and was sent back to its portal; memory of one that waits."""
    # What a process needs once, whoever waits: code, threads, database connections.
    await asyncio.gather(*(_hear_once(base_url, page) for page in pages[:WARM]))
    server = CpuClock(urlsplit(base_url).port or 80)
    before = _kib_of(server.processes)
    streams = [await _open(base_url, page) for page in pages]
    page_kib = (_kib_of(server.processes) - before) / len(pages)
    heard, finished = list[float](), list[float]()
    for _nth in range(approvals):
        page, request = await asyncio.to_thread(_ask)
        reader, writer = await _open(base_url, page)
        began = await asyncio.to_thread(_approve, phone, request)
        await _until(reader, "approved")
        heard.append((time.perf_counter() - began) * 1000)
        await asyncio.to_thread(_finish, base_url, page)
        finished.append((time.perf_counter() - began) * 1000)
        writer.close()
    for _reader, writer in streams:
        writer.close()
    return heard, finished, page_kib


def _waiting_pages(count: int) -> list[_Page]:
    """Logins whose phones never answer, as rows."""
    LoginAttempt.objects.filter(client_id=PORTAL.client_id).delete()
    now, ends = clock.now(), clock.now() + timedelta(minutes=30)
    pages = [_Page(uuid4(), uuid4(), secrets.new_token()) for _nth in range(count)]
    LoginAttempt.objects.bulk_create(
        LoginAttempt(
            id=page.attempt_id,
            browser_digest=secrets.digest(page.secret),
            client_id=PORTAL.client_id,
            portal_name=PORTAL.name,
            portal_host=PORTAL.host,
            policy=LoginPolicy().to_json(),
            return_url_name="help",
            created_at=now,
            expires_at=ends,
        )
        for page in pages
    )
    ApprovalRequest.objects.bulk_create(
        ApprovalRequest(
            id=page.request_id,
            attempt_id=page.attempt_id,
            is_decoy=True,
            browser_digest=secrets.digest(page.secret),
            client_id=PORTAL.client_id,
            rp_name=PORTAL.name,
            rp_host=PORTAL.host,
            acr="eidas2",
            created_at=now,
            expires_at=ends,
        )
        for page in pages
    )
    return pages


def _ask() -> tuple[_Page, ApprovalRequest]:
    browser = login.Browser(secret=secrets.new_token())
    attempt = login.open_attempt(
        portal=PORTAL,
        policy=LoginPolicy(),
        return_to=ReturnAddress(url_name="help"),
        browser=browser,
    )
    request = ask_holder(attempt=attempt, identifier=TEST_PERSON, ceremony=Ceremony())
    if request.is_decoy:
        raise BenchError("the phone was not asked: run the bench on data of its own")
    return _Page(request.pk, attempt.pk, browser.secret), request


def _approve(phone: BenchPhone, request: ApprovalRequest) -> float:
    """Number and signatures; when the last of it was sent."""
    number = number_of(request)
    path = f"/api/v1/requests/{request.pk}"
    challenge = _signed(phone, f"{path}/challenge", json.dumps({"number": number}).encode())
    body = phone.approval(request, challenge, number)
    began = time.perf_counter()
    _signed(phone, f"{path}/approve", body)
    return began


def _signed(phone: BenchPhone, path: str, body: bytes) -> Any:
    for _nth in range(2):
        host = urlsplit(phone.base_url)
        connection = http.client.HTTPConnection("127.0.0.1", host.port or 80, timeout=30)
        headers = {
            **phone.headers("POST", path, body),
            "Content-Type": "application/json",
            "Host": host.netloc,
        }
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        content = json.loads(response.read())
        phone.nonce = response.headers.get("DPoP-Nonce", phone.nonce)
        connection.close()
        if response.status == 200:
            return content
        if content.get("code") != "use_dpop_nonce":
            break
    raise BenchError(f"{path}: {response.status} {content.get('code')}")


def _finish(base_url: str, page: _Page) -> None:
    host = urlsplit(base_url)
    connection = http.client.HTTPConnection("127.0.0.1", host.port or 80, timeout=30)
    headers = {"Host": host.netloc, "Cookie": _cookie(page)}
    connection.request("GET", f"/login/{page.attempt_id}/finish", headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != 303:
        raise BenchError(f"finish: {response.status}")


def _cookie(page: _Page) -> str:
    return f"{settings.HYGIE.cookie_name('browser')}={page.secret}"


async def _open(base_url: str, page: _Page) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An event stream whose first event has come."""
    host = urlsplit(base_url)
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port or 80)
    writer.write(
        f"GET /login/phone/requests/{page.request_id}/events HTTP/1.1\r\nHost: {host.netloc}\r\n"
        f"Cookie: {_cookie(page)}\r\nAccept: text/event-stream\r\n\r\n".encode()
    )
    await _until(reader, "pending")
    return reader, writer


async def _until(reader: asyncio.StreamReader, state: str) -> None:
    async with asyncio.timeout(30):
        while line := await reader.readline():
            if line.startswith(b"data:") and json.loads(line[5:])["state"] == state:
                return
    raise BenchError(f"the stream ended before it said {state}")


async def _hear_once(base_url: str, page: _Page) -> None:
    _reader, writer = await _open(base_url, page)
    writer.close()


def _kib_of(processes: list[int]) -> int:
    """Proportional set size (Linux), which counts shared pages once."""
    if not processes:
        raise BenchError("memory is read from /proc: this bench needs Linux")
    rollups = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in processes]
    found = [re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE) for rollup in rollups]
    return sum(int(each[1]) for each in found if each)


def _first_load(base_url: str) -> int:
    """Bytes of the phone application's first visit, as they travel to who accepts gzip."""
    host = urlsplit(base_url)
    connection = http.client.HTTPConnection("127.0.0.1", host.port or 80, timeout=30)

    def fetch(path: str) -> tuple[bytes, int]:
        connection.request("GET", path, headers={"Host": host.netloc, "Accept-Encoding": "gzip"})
        response = connection.getresponse()
        wire = response.read()
        if response.status != 200:
            raise BenchError(f"{path}: {response.status}")
        packed = response.headers.get("Content-Encoding") == "gzip"
        return (gzip.decompress(wire) if packed else wire), len(wire)

    worker, _size = fetch("/ecps/sw.js")
    shell = re.search(r"const SHELL = new Set\((\[.*?\])\)", worker.decode())
    if shell is None:
        raise BenchError("the service worker names no files")
    paths = ["/ecps/", *json.loads(shell[1])]
    total = sum(fetch(path)[1] for path in paths)
    connection.close()
    return total
