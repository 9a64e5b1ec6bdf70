"""The subject of a certificate, T61String included, which `cryptography` reads as UTF-8 alone.

Older cards write SN and GN as T61String; as everywhere, what is in it is Latin-1 (ITU-T T.61 itself
is in no use, and RFC 5280 §4.1.2.4 leaves the type to old certificates).
"""

from collections.abc import Iterator

from cryptography import x509

_SEQUENCE, _SET, _OID, _VERSION = 0x30, 0x31, 0x06, 0xA0
_UTF8, _PRINTABLE, _T61, _IA5 = 0x0C, 0x13, 0x14, 0x16
_ENCODINGS = {_UTF8: "utf-8", _PRINTABLE: "ascii", _T61: "latin-1", _IA5: "ascii"}
# TBSCertificate, without its optional version: serial, signature, issuer, validity, subject.
_SUBJECT = 4


def subject_of(parsed: x509.Certificate) -> tuple[tuple[str, str], ...]:
    """(OID, text) of every attribute of every RDN. ValueError for a name that cannot be read."""
    try:
        return tuple(
            (attribute.oid.dotted_string, _text(attribute.value))
            for rdn in parsed.subject.rdns
            for attribute in rdn
        )
    except ValueError:
        return tuple(_walk(parsed.tbs_certificate_bytes))


def _text(value: str | bytes) -> str:
    # x500UniqueIdentifier is the one attribute that comes as bytes; it never identifies anybody.
    return value if isinstance(value, str) else value.hex()


def _walk(tbs: bytes) -> Iterator[tuple[str, str]]:
    [body] = [value for _tag, value in _parts(tbs)]
    fields = [value for tag, value in _parts(body) if tag != _VERSION]
    for rdn_tag, rdn in _parts(fields[_SUBJECT]):
        for pair_tag, pair in _parts(rdn):
            (oid_tag, oid), (tag, value) = _parts(pair)
            if (rdn_tag, pair_tag, oid_tag) != (_SET, _SEQUENCE, _OID) or tag not in _ENCODINGS:
                raise ValueError("a name in a form that no card has")
            yield _dotted(oid), value.decode(_ENCODINGS[tag])


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """(tag, content) one after the other. The library has read the whole already: it is DER."""
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        found.append((tag, data[at : at + length]))
        at += length
    return found


def _dotted(oid: bytes) -> str:
    numbers, value = [], 0
    for octet in oid:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))
