"""Client certificates (RFC 8705): believed from a trusted proxy alone, off by default."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.directory.models import Person
from idp.oidc.gateways import keys
from idp.oidc.gateways.client_certificates import thumbprint
from idp.oidc.gateways.discovery import discovery
from idp.oidc.rules.ciba_request import CIBA_GRANT
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.profiles import ProfileName
from tests.oidc.ciba import answer
from tests.oidc.portal import FORM, PROTOCOL, REDIRECT_URI, VERIFIER, Browser, parameters_of
from tests.oidc.signing_portal import PAR, SigningPortal, signing_portal

pytestmark = pytest.mark.django_db
PROXY = "10.0.0.7"
HEADER = "X-SSL-Client-Cert"
DN = "CN=portail.example,O=Hopital,C=FR"


def certificate(
    subject: str = DN,
    *,
    issuer: str = "",
    issuer_key: ec.EllipticCurvePrivateKey | None = None,
    usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.CLIENT_AUTH,
    days: int = 30,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Self-signed unless an issuer is given; `days` negative: expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    end = datetime.now(UTC) + timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string(subject))
        .issuer_name(x509.Name.from_rfc4514_string(issuer or subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=60))
        .not_valid_after(end)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256()), key


def pem(shown: x509.Certificate) -> str:
    return quote(shown.public_bytes(Encoding.PEM).decode())


AUTHORITY_DN = "CN=Autorite,C=FR"
AUTHORITY, AUTHORITY_KEY = certificate(AUTHORITY_DN, usage=None)


def issued(**changes: Any) -> x509.Certificate:
    values = {"issuer": AUTHORITY_DN, "issuer_key": AUTHORITY_KEY, **changes}
    return certificate(**values)[0]


GOOD = issued()
SELF_SIGNED, _key = certificate()


@pytest.fixture
def tls(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "authorities.pem"
    path.write_bytes(AUTHORITY.public_bytes(Encoding.PEM))
    settings.HYGIE = replace(
        settings.HYGIE,
        tls_client_cert_header=HEADER,
        trusted_proxies=("10.0.0.0/24",),
        tls_client_authorities=path,
    )


def tls_portal(method: AuthMethod = AuthMethod.TLS, **more: Any) -> SigningPortal:
    proof = {"tls_client_auth_subject_dn": DN} if method is AuthMethod.TLS else {}
    if method is AuthMethod.SELF_SIGNED_TLS:
        proof = {"tls_client_certificate_thumbprints": (thumbprint(SELF_SIGNED),)}  # type: ignore[dict-item]
    values = {
        "token_endpoint_auth_method": method,
        "jwks": {},
        "dpop_bound_access_tokens": False,
        "tls_client_certificate_bound_access_tokens": True,
        **proof,
        **more,
    }
    return signing_portal("portail-tls", **values)


def send(
    endpoint: str,
    form: dict[str, str],
    shown: str,
    *,
    address: str = PROXY,
    header: str = "HTTP_X_SSL_CLIENT_CERT",
    **headers: Any,
) -> Any:
    sent = {"client_id": "portail-tls", **form}
    values: dict[str, Any] = {"REMOTE_ADDR": address, header: shown, **headers}
    return Browser().post(f"{PROTOCOL}/{endpoint}", urlencode(sent), content_type=FORM, **values)


def authenticates(shown: x509.Certificate | str, **more: Any) -> bool:
    text = shown if isinstance(shown, str) else pem(shown)
    response = send("token/introspect", {"token": "x"}, text, **more)
    assert response.status_code in (200, 401)
    return bool(response.status_code == 200)


def test_the_registered_subject_from_the_authority_is_believed(tls: None) -> None:
    tls_portal()
    assert authenticates(GOOD)
    rfc9440 = f":{base64.b64encode(GOOD.public_bytes(Encoding.DER)).decode()}:"
    assert authenticates(rfc9440)


@pytest.mark.parametrize(
    "shown",
    [
        SELF_SIGNED,
        issued(subject="CN=autre.example,O=Hopital,C=FR"),
        issued(subject="CN=portail.example,O=Hopital"),
        issued(usage=ExtendedKeyUsageOID.SERVER_AUTH),
        issued(usage=None),
        issued(days=-1),
        issued(days=90),
        certificate(issuer=AUTHORITY_DN)[0],
        "",
        "x",
        "::",
        ":!!!:",
        "A" * 20_000,
        "," + pem(GOOD),
        pem(GOOD) + ",",
        pem(SELF_SIGNED) + pem(GOOD),
        pem(GOOD) + "," + pem(GOOD),
        quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
    ],
)
def test_any_other_certificate_is_not(tls: None, shown: x509.Certificate | str) -> None:
    tls_portal()
    assert not authenticates(shown)


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.1", "", "::1", "10.0.1.7", "text"])
def test_the_header_of_anybody_else_is_not_read(tls: None, address: str) -> None:
    tls_portal()
    assert not authenticates(GOOD, address=address)
    assert authenticates(GOOD, address="::ffff:10.0.0.7")


def test_another_header_is_not_read(tls: None) -> None:
    tls_portal()
    assert not authenticates(GOOD, header="HTTP_X_CLIENT_CERT")


def test_it_is_off_by_default(tls: None, settings: Any) -> None:
    tls_portal()
    settings.HYGIE = replace(settings.HYGIE, tls_client_cert_header="")
    assert not authenticates(GOOD)
    settings.HYGIE = replace(settings.HYGIE, tls_client_cert_header=HEADER, trusted_proxies=())
    assert not authenticates(GOOD)


def test_without_authorities_no_subject_is_believed(tls: None, settings: Any) -> None:
    tls_portal()
    settings.HYGIE = replace(settings.HYGIE, tls_client_authorities=None)
    assert not authenticates(GOOD)


def test_a_self_signed_certificate_is_known_by_itself(tls: None) -> None:
    tls_portal(AuthMethod.SELF_SIGNED_TLS)
    assert authenticates(SELF_SIGNED)
    assert not authenticates(certificate()[0])
    assert not authenticates(GOOD)


def test_a_secret_beside_the_certificate_is_a_matter_of_the_profile(tls: None) -> None:
    tls_portal(profile=ProfileName.PSC)
    form = {"token": "x", "client_secret": "whatever"}
    assert send("token/introspect", form, pem(GOOD)).status_code == 200
    assert send("token/introspect", form, pem(SELF_SIGNED)).status_code == 401


def test_a_secret_beside_the_certificate_is_refused_elsewhere(tls: None) -> None:
    tls_portal()
    form = {"token": "x", "client_secret": "whatever"}
    assert send("token/introspect", form, pem(GOOD)).status_code == 401


def test_fapi2_happy_flow_with_mtls(tls: None, doctor: Person) -> None:
    portal = tls_portal()
    pushed = send(PAR, portal.request, pem(GOOD)).json()["request_uri"]
    code = parameters_of(portal.log_in(portal.visit(pushed), doctor))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    tokens = send("token", form, pem(GOOD)).json()
    assert tokens["token_type"] == "Bearer"
    bound = {"x5t#S256": thumbprint(GOOD)}
    assert keys.read(tokens["access_token"], kind="Bearer")["cnf"] == bound
    assert send("token/introspect", {"token": tokens["access_token"]}, pem(GOOD)).json()["cnf"] == (
        bound
    )
    assert userinfo(tokens["access_token"], pem(GOOD)) == 200
    for shown, address in (("", PROXY), (pem(issued()), PROXY), (pem(GOOD), "192.0.2.1")):
        assert userinfo(tokens["access_token"], shown, address) == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    other = send("token", refresh, pem(issued()))
    # Another certificate of the same subject authenticates, and is not whom the tokens are for.
    assert (other.status_code, other.json()["error"]) == (400, "invalid_grant")
    assert send("token", refresh, pem(GOOD)).status_code == 200


def userinfo(token: str, shown: str, address: str = PROXY) -> int:
    response = Browser().get(
        f"{PROTOCOL}/userinfo",
        HTTP_AUTHORIZATION=f"Bearer {token}",
        HTTP_X_SSL_CLIENT_CERT=shown,
        REMOTE_ADDR=address,
    )
    return int(response.status_code)


BACKCHANNEL = {"scope": "openid", "login_hint": "899900000011"}
CIBA_GRANTS = (CIBA_GRANT, "refresh_token")


def test_fapi_ciba_id1_ensure_wrong_client_id_in_backchannel_authorization_request(
    tls: None, doctor: Person
) -> None:
    """The certificate says one portal, client_id another of the same method."""
    tls_portal(profile=ProfileName.STANDARD, grant_types=CIBA_GRANTS)
    signing_portal(
        "autre-tls",
        profile=ProfileName.STANDARD,
        token_endpoint_auth_method=AuthMethod.TLS,
        jwks={},
        dpop_bound_access_tokens=False,
        tls_client_auth_subject_dn="CN=autre.example,O=Hopital,C=FR",
        grant_types=CIBA_GRANTS,
    )
    wrong = send("ext/ciba/auth", {**BACKCHANNEL, "client_id": "autre-tls"}, pem(GOOD))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert send("ext/ciba/auth", BACKCHANNEL, pem(GOOD)).status_code == 200


def test_fapi_ciba_id1_ensure_mtls_holder_of_key_required(tls: None, doctor: Person) -> None:
    """Neither the request nor the tokens without the certificate, nor with another one."""
    tls_portal(profile=ProfileName.STANDARD, grant_types=CIBA_GRANTS)
    for shown in ("", pem(SELF_SIGNED)):
        assert send("ext/ciba/auth", BACKCHANNEL, shown).status_code == 401
    auth_req_id = send("ext/ciba/auth", BACKCHANNEL, pem(GOOD)).json()["auth_req_id"]
    answer(auth_req_id)
    poll = {"grant_type": CIBA_GRANT, "auth_req_id": auth_req_id}
    for shown in ("", pem(SELF_SIGNED)):
        assert send("token", poll, shown).json()["error"] == "invalid_client"
    token = send("token", poll, pem(GOOD)).json()["access_token"]
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert send("userinfo", {}, "", **bearer).status_code == 401
    assert send("userinfo", {}, pem(GOOD), **bearer).status_code == 200


def test_a_bound_client_without_certificate_gets_no_token(tls: None) -> None:
    portal = signing_portal(
        "portail-lie",
        dpop_bound_access_tokens=False,
        tls_client_certificate_bound_access_tokens=True,
    )
    form: dict[str, str | None] = {"grant_type": "client_credentials"}
    refused = portal.send("token", form, dpop="")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


def test_discovery_tells_what_is_on(tls: None) -> None:
    discovery.cache_clear()
    try:
        body = discovery().body.decode()
    finally:
        discovery.cache_clear()
    assert '"tls_client_certificate_bound_access_tokens":true' in body
    assert '"tls_client_auth","self_signed_tls_client_auth"' in body
    assert '"mtls_endpoint_aliases"' in body
