"""Keys of Web Push through `cryptography`: our own pair, and the check of a phone's."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SCALAR = 32


def new_pair() -> tuple[bytes, bytes]:
    """(private scalar, 32 bytes; public uncompressed point, 65 bytes)."""
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key.private_numbers().private_value.to_bytes(SCALAR, "big"), point


def is_point(point: bytes) -> bool:
    """An uncompressed P-256 point that lies on the curve (RFC 8291 §3.1)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return point[:1] == b"\x04"
