"""Options of `manage.py client add` about how a portal proves itself."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography import x509

from idp.core.errors import IdpError
from idp.oidc.gateways.client_certificates import thumbprint
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.client_proof import GRANT_TYPES, ClientProof
from idp.oidc.rules.profiles import PROFILES, ProfileName

DEFAULT_GRANTS = ("authorization_code", "refresh_token")


def add_proof_arguments(parser: ArgumentParser) -> None:
    """Names follow RFC 7591's metadata."""
    parser.add_argument(
        "--auth-method",
        choices=[str(method) for method in AuthMethod],
        help="default: client_secret_basic (secret in the header or in the form); "
        "private_key_jwt with the profile fapi2",
    )
    parser.add_argument("--secret", default="", help="default: drawn at random, the better choice")
    parser.add_argument("--jwks", type=Path, metavar="FILE", help="the portal's public keys, JSON")
    parser.add_argument("--tls-subject-dn", default="", help="for tls_client_auth: CN=…,O=…,C=FR")
    parser.add_argument(
        "--certificate",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="for self_signed_tls_client_auth: the certificate, PEM",
    )
    parser.add_argument("--grant", action="append", choices=GRANT_TYPES)
    parser.add_argument("--dpop", action="store_true", help="its tokens are bound by DPoP")
    parser.add_argument(
        "--certificate-bound", action="store_true", help="its tokens are bound to its certificate"
    )
    parser.add_argument("--require-par", action="store_true", help="it pushes its requests")


def proof_of(options: dict[str, Any]) -> ClientProof:
    """Defaults depend on the profile: what it demands is not asked twice."""
    profile = PROFILES[ProfileName(options["profile"])]
    method = AuthMethod.SECRET_BASIC if profile.allows_secret else AuthMethod.PRIVATE_KEY_JWT
    is_tls_bound = options["certificate_bound"]
    return ClientProof(
        token_endpoint_auth_method=AuthMethod(options["auth_method"] or method),
        jwks=_json(options["jwks"]) if options["jwks"] else {},
        tls_client_auth_subject_dn=options["tls_subject_dn"],
        tls_client_certificate_thumbprints=tuple(map(_thumbprint, options["certificate"])),
        grant_types=tuple(dict.fromkeys(options["grant"] or DEFAULT_GRANTS)),
        dpop_bound_access_tokens=options["dpop"]
        or (profile.requires_sender_constraint and not is_tls_bound),
        tls_client_certificate_bound_access_tokens=is_tls_bound,
        require_pushed_authorization_requests=options["require_par"],
    )


def _unreadable(path: Path) -> IdpError:
    return IdpError("invalid_client_metadata", f"{path} cannot be read")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error


def _thumbprint(path: Path) -> str:
    try:
        return thumbprint(x509.load_pem_x509_certificate(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
