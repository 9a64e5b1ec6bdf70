"""What a card login costs the server, and a long revocation list the worker. In this process.

Signing stands for the card and is not measured. The list is taken by a process of its own, so that
its memory is seen apart, while logins go on here.
"""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.management import call_command

from idp.cardbridge.flows.answer import log_in_with_card
from idp.cardbridge.flows.challenges import issue_challenge
from idp.cardbridge.flows.verification import verify_token
from idp.cardbridge.models import BarredSerial, RevocationList
from idp.cardbridge.rules.token import WebEidToken, signed_message
from idp.core import clock, secrets
from idp.login import flows as login
from idp.login.rules.authentication import LoginPolicy, Portal, ReturnAddress
from idp.sandbox.bench.load import Limits, Measure, measure, percentile
from idp.sandbox.demo.prepare import prepare
from idp.sandbox.pki.cards import credentials_of
from idp.sandbox.pki.hierarchy import AuthorityName, load_or_make
from idp.sandbox.pki.installation import cards_directory, pki_directory, set_up
from idp.sandbox.pki.store import Credential

CHALLENGE = base64.b64encode(b"bench" * 6 + b"!!").decode()


class OwnClock:
    """User and system time of this very process."""

    def seconds(self) -> float | None:
        return time.process_time()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCost:
    """A list taken by a process of its own, start of the process included."""

    entries: int
    seconds: float
    megabytes: float


def run(limits: Limits) -> Iterator[Measure]:
    """Verification alone by kind of key, then the whole login with its rows."""
    call_command("migrate", verbosity=0, interactive=False)
    _clean()
    prepare()
    for name, card_id in (("verify RSA", "doctor"), ("verify EC", "midwife")):
        token = WebEidToken.parse(_token(_card(card_id), CHALLENGE))
        yield _measure(name, lambda token=token: _verify(token), limits)  # type: ignore[misc]
    yield _measure("login", log_in, limits)


def take_long_list(entries: int) -> tuple[Measure, ListCost]:
    """The logins made meanwhile, and what the list cost."""
    path = settings.HYGIE.data_dir / "bench.crl"
    path.write_bytes(_long_list(entries))
    with _cleaned_up():
        stop, times = Event(), list[float]()
        visitor = Thread(target=_log_in_until, args=(stop, times))
        visitor.start()
        try:
            cost = _take(path, entries)
        finally:
            stop.set()
            visitor.join()
    rate = len(times) / sum(times)
    return (
        Measure(
            name="login meanwhile",
            calls=len(times),
            rate=rate,
            p50=percentile(times, 50) * 1000,
            p99=percentile(times, 99) * 1000,
            cpu=None,
        ),
        cost,
    )


def log_in() -> None:
    """Challenge and answer of one attempt, as the two views do it."""
    attempt = login.open_attempt(
        portal=Portal(client_id="bench", name="bench", host="localhost"),
        policy=LoginPolicy(),
        return_to=ReturnAddress(url_name="help"),
        browser=login.Browser(secret=secrets.new_token()),
    )
    challenge = issue_challenge(attempt=attempt).challenge
    log_in_with_card(attempt=attempt, body=_token(_card("doctor"), challenge))


def _verify(token: WebEidToken) -> None:
    verify_token(token=token, challenge=CHALLENGE)


def _measure(name: str, call: Callable[[], None], limits: Limits) -> Measure:
    call()  # trust is read once a process
    return measure(name, [call], limits=limits, cpu=OwnClock())


_cards: dict[str, Credential] = {}


def _card(card_id: str) -> Credential:
    if card_id not in _cards:
        _cards[card_id] = credentials_of(cards_directory(), card_id)[0]
    return _cards[card_id]


def _token(card: Credential, challenge: str) -> bytes:
    """What the bridge would send."""
    message = signed_message(origin=settings.HYGIE.origin, challenge=challenge)
    algorithm, signature = _sign(card, message)
    return json.dumps(
        {
            "format": "web-eid:1.0",
            "unverifiedCertificate": base64.b64encode(
                card.certificate.public_bytes(Encoding.DER)
            ).decode(),
            "algorithm": algorithm,
            "signature": base64.b64encode(signature).decode(),
            "appVersion": "https://hygie.example/bench",
        }
    ).encode()


def _sign(card: Credential, message: bytes) -> tuple[str, bytes]:
    if isinstance(card.key, rsa.RSAPrivateKey):
        return "RS256", card.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(card.key.sign(message, ec.ECDSA(hashes.SHA256())))
    return "ES256", r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _long_list(entries: int) -> bytes:
    """Signed by the authority of the cards: what a large list looks like, none of them in use."""
    issuer = load_or_make(
        pki_directory(), base_url=settings.HYGIE.base_url, now=clock.now()
    ).authorities[AuthorityName.FORT_PERSONNES]
    now = clock.now().replace(microsecond=0)
    revoked = [
        x509.RevokedCertificateBuilder()
        .serial_number((1 << 150) + number)
        .revocation_date(now)
        .build()
        for number in range(entries)
    ]
    # The constructor takes them all: adding them one by one copies the list each time.
    builder = x509.CertificateRevocationListBuilder(
        issuer.certificate.subject, now, now + timedelta(days=7), revoked_certificates=revoked
    ).add_extension(x509.CRLNumber(10**6), critical=False)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _take(path: Path, entries: int) -> ListCost:
    began = time.perf_counter()
    command = [sys.executable, "manage.py", "crl", "import", str(path)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise OSError(f"crl import ended with {child.returncode}")
    seconds = time.perf_counter() - began
    return ListCost(entries=entries, seconds=seconds, megabytes=usage.ru_maxrss / 1024)


def _log_in_until(stop: Event, times: list[float]) -> None:
    while not stop.is_set():
        began = time.perf_counter()
        log_in()
        times.append(time.perf_counter() - began)


@contextmanager
def _cleaned_up() -> Iterator[None]:
    try:
        yield
    finally:
        _clean()
        set_up()


def _clean() -> None:
    """A bench that was cut short left its list behind: newer than any that the sandbox signs."""
    RevocationList.objects.filter(number=str(10**6)).delete()
    BarredSerial.objects.filter(source="crl").delete()
