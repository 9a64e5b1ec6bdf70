"""Files of the sandbox PKI: keys and certificates as PEM, written whole or not at all."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A certificate with its private key. Throw-away: it opens nothing but a sandbox."""

    certificate: x509.Certificate
    key: PrivateKey


def write(path: Path, content: bytes) -> None:
    """Replaces the file in one step, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def write_credential(path: Path, credential: Credential) -> None:
    """`path`.crt and `path`.key (PKCS#8). The certificate last: it says that both are there."""
    write(
        path.with_suffix(".key"),
        credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    write(path.with_suffix(".crt"), credential.certificate.public_bytes(Encoding.PEM))


def read_credential(path: Path) -> Credential:
    """What `write_credential` wrote."""
    key = load_pem_private_key(
        path.with_suffix(".key").read_bytes(),
        password=None,
        # Our own file: proving its primes again at each start takes longer than all the rest.
        unsafe_skip_rsa_key_validation=True,
    )
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path}: neither RSA nor EC")
    certificate = x509.load_pem_x509_certificate(path.with_suffix(".crt").read_bytes())
    return Credential(certificate=certificate, key=key)
