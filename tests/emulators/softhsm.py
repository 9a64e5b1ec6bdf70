"""A card in SoftHSM2: a token directory with keys and certificates, made by `make_token`.

    card = make_token(tmp_path, pin="1234", entries=[Entry(id=b"\\x01", certificate=pem, key=pem)])
    subprocess.run([...], env={**os.environ, **card.environment})       # module: card.module

The certificate is written by a child process (`python softhsm.py`), because a process that has
loaded the module keeps the directory it was first told of.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
)
TOKEN_LABEL = "TEST CPS"
SO_PIN = "12345678"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key pair with its certificate, both PEM (the key in PKCS#8)."""

    id: bytes
    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftToken:
    """A token that a process sees with `environment` set."""

    module: Path
    configuration: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"SOFTHSM2_CONF": str(self.configuration)}

    @contextmanager
    def visible_here(self) -> Iterator[None]:
        """Let this very process see the token: the module reads the variable when initialised."""
        before = os.environ.get("SOFTHSM2_CONF")
        os.environ["SOFTHSM2_CONF"] = str(self.configuration)
        try:
            yield
        finally:
            if before is None:
                del os.environ["SOFTHSM2_CONF"]
            else:
                os.environ["SOFTHSM2_CONF"] = before


def make_token(
    directory: Path, *, entries: Iterable[Entry], pin: str = "1234", label: str = TOKEN_LABEL
) -> SoftToken:
    """Make a token under `directory` and return how to reach it."""
    tokens = directory / "tokens"
    tokens.mkdir(parents=True)
    configuration = directory / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    token = SoftToken(module=find_module(), configuration=configuration)
    _run(
        token,
        *("softhsm2-util", "--init-token", "--free"),
        *("--label", label, "--so-pin", SO_PIN, "--pin", pin),
    )
    for position, entry in enumerate(entries):
        _import_key(directory / f"key-{position}.pem", entry, token, pin=pin, label=label)
        _write_certificate(entry, token, pin=pin, label=label)
    return token


def find_module() -> Path:
    """Return where this system keeps SoftHSM2."""
    for path in MODULES:
        if path.exists():
            return path
    raise FileNotFoundError("SoftHSM2 is not installed (package softhsm2)")


def _import_key(path: Path, entry: Entry, token: SoftToken, *, pin: str, label: str) -> None:
    path.write_bytes(entry.key)
    _run(
        token,
        *("softhsm2-util", "--import", str(path), "--label", "key"),
        *("--token", label, "--id", entry.id.hex(), "--pin", pin),
    )
    path.unlink()


def _write_certificate(entry: Entry, token: SoftToken, *, pin: str, label: str) -> None:
    order = {
        "module": str(token.module),
        "label": label,
        "pin": pin,
        "id": entry.id.hex(),
        "certificate": base64.b64encode(entry.certificate).decode(),
    }
    _run(token, sys.executable, __file__, text=json.dumps(order))


def _run(token: SoftToken, *command: str, text: str | None = None) -> None:
    subprocess.run(
        command,
        env=os.environ | token.environment,
        input=text,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )


def _store(order: dict[str, str]) -> None:
    import pkcs11
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from pkcs11 import Attribute, ObjectClass
    from pkcs11.constants import CertificateType

    certificate = x509.load_pem_x509_certificate(base64.b64decode(order["certificate"]))
    token = pkcs11.lib(order["module"]).get_token(token_label=order["label"])
    with token.open(rw=True, user_pin=order["pin"]) as session:
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: False,
                Attribute.LABEL: "certificate",
                Attribute.ID: bytes.fromhex(order["id"]),
                Attribute.SUBJECT: certificate.subject.public_bytes(),
                Attribute.VALUE: certificate.public_bytes(Encoding.DER),
            }
        )


if __name__ == "__main__":
    _store(json.load(sys.stdin))
