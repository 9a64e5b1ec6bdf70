"""Registering portals: `manage.py client`, and the demo's own portal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets
from idp.core.errors import IdpError
from idp.login.rules.ecps import EcpsPolicy
from idp.oidc.gateways import keys
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.gateways.keys import SIGNING_ALGS
from idp.oidc.models import Client
from idp.oidc.rules.client_choices import AnswerMetadata, LogoutMetadata
from idp.oidc.rules.client_ciba import CibaMetadata
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.client_proof import (
    WITH_REDIRECTION,
    ClientProof,
    check_id_token_alg,
    check_proof,
)
from idp.oidc.rules.profiles import PROFILES, ProfileName
from idp.oidc.rules.registration import (
    check_chosen_secret,
    check_client_id,
    check_name,
    check_uri,
)
from idp.oidc.rules.scopes import SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """What is registered of a portal. Addresses are compared to the character."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    profile: ProfileName = ProfileName.STANDARD
    scopes: tuple[str, ...] = tuple(SCOPES)
    introspects: tuple[str, ...] = ()
    proof: ClientProof = field(default_factory=ClientProof)
    id_token_alg: str = "RS256"  # noqa: S105 - an algorithm
    logout: LogoutMetadata = field(default_factory=LogoutMetadata)
    answers: AnswerMetadata = field(default_factory=AnswerMetadata)
    ciba: CibaMetadata = field(default_factory=CibaMetadata)
    ecps_policy: EcpsPolicy = EcpsPolicy.ANY
    practice_choice: bool = False
    may_look_up: bool = False

    def check(self) -> None:
        """Refused with the reason, for the operator."""
        check_client_id(self.client_id)
        check_name(self.name)
        profile = PROFILES[self.profile]
        check_proof(
            self.proof, profile=profile, accepts_tls=settings.HYGIE.accepts_client_certificates
        )
        is_by_subject = self.proof.token_endpoint_auth_method is AuthMethod.TLS
        if is_by_subject and settings.HYGIE.tls_client_authorities is None:
            raise IdpError(
                "invalid_client_metadata", "tls_client_auth needs HYGIE_TLS_CLIENT_AUTHORITIES"
            )
        check_id_token_alg(self.id_token_alg, profile=profile, known=SIGNING_ALGS)
        if WITH_REDIRECTION & set(self.proof.grant_types) and not self.redirect_uris:
            raise IdpError("invalid_redirect_uri", "at least one redirect URI is needed")
        for uri in self.redirect_uris:
            _check_redirect_uri(uri)
        for uri in self.post_logout_redirect_uris:
            check_uri(uri, allows_http=settings.HYGIE.is_sandbox)
        self.logout.check(redirect_uris=self.redirect_uris, allows_http=settings.HYGIE.is_sandbox)
        self.answers.check(redirect_uris=self.redirect_uris, jwks=self.proof.jwks)
        self.ciba.check(
            grant_types=self.proof.grant_types,
            redirect_uris=self.redirect_uris,
            allows_http=settings.HYGIE.is_sandbox,
            ecps_policy=self.ecps_policy,
        )
        if unknown := set(self.scopes) - set(SCOPES):
            raise IdpError("invalid_client_metadata", f"unknown scopes: {sorted(unknown)}")


def _check_redirect_uri(uri: str) -> None:
    try:
        check_uri(uri, allows_http=settings.HYGIE.is_sandbox)
    except IdpError as error:
        # RFC 7591 §3.2.2 has a code of its own for them.
        raise IdpError("invalid_redirect_uri", error.description, detail=error.detail) from error


@transaction.atomic
def add_client(*, metadata: ClientMetadata, chosen_secret: str = "") -> tuple[Client, str | None]:
    """Registers a portal: (client, secret). The secret is told this once; None where none is."""
    metadata.check()
    secret = _secret(metadata.proof, chosen_secret)
    try:
        with transaction.atomic():
            client = Client.objects.create(
                client_id=metadata.client_id,
                secret_digest=secrets.digest(secret) if secret else None,
                is_sandbox=settings.HYGIE.is_sandbox,
                created_at=clock.now(),
                **_columns(metadata),
            )
    except IntegrityError as error:
        raise IdpError(
            "invalid_client_metadata", f"{metadata.client_id} is registered already"
        ) from error
    _changed(client, "client_added")
    transaction.on_commit(lambda: _publish_keys(client))
    return client, secret


def _secret(proof: ClientProof, chosen: str) -> str | None:
    if not proof.token_endpoint_auth_method.has_secret:
        if chosen:
            raise IdpError("invalid_client_metadata", "this method has no secret")
        return None
    if chosen:
        check_chosen_secret(chosen)
    return chosen or secrets.new_token()


@transaction.atomic
def ensure_client(
    *,
    client_id: str,
    name: str,
    secret: str,
    redirect_uris: tuple[str, ...],
    post_logout_redirect_uris: tuple[str, ...] = (),
    backchannel_logout_uri: str = "",
    profile: str = ProfileName.STANDARD,
) -> Client:
    """Registers or updates a portal whose secret is known beforehand. Sandbox only, idempotent."""
    if not settings.HYGIE.is_sandbox:
        raise IdpError("sandbox_only", "a chosen secret exists in the sandbox only")
    metadata = ClientMetadata(
        client_id=client_id,
        name=name,
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=post_logout_redirect_uris,
        profile=ProfileName(profile),
        logout=LogoutMetadata(backchannel_logout_uri=backchannel_logout_uri),
    )
    metadata.check()
    wanted = {**_columns(metadata), "secret_digest": secrets.digest(secret), "is_enabled": True}
    client, created = Client.objects.get_or_create(
        client_id=metadata.client_id,
        defaults={**wanted, "is_sandbox": True, "created_at": clock.now()},
    )
    changes = [name for name, value in wanted.items() if _plain(getattr(client, name)) != value]
    if changes:
        Client.objects.filter(pk=client.pk).update(**{name: wanted[name] for name in changes})
        client.refresh_from_db()
    if created or changes:
        _changed(client, "client_added" if created else "client_changed")
    return client


@transaction.atomic
def update_client(*, client_id: str, changes: Mapping[str, Any]) -> Client:
    """Other values for these fields of `ClientMetadata`; checked as at a registration, audited.

    Of `logout`, `ciba` and `proof`, the fields of each that change. How a portal proves itself is
    not among them: that is another registration.
    """
    if not changes:
        raise IdpError("invalid_client_metadata", "nothing to change was given")
    client = Client.objects.select_for_update().filter(client_id=client_id).first()
    if client is None:
        raise _unknown(client_id)
    before = metadata_of(client)
    after = replace(
        before,
        **{
            name: replace(getattr(before, name), **value) if isinstance(value, Mapping) else value
            for name, value in changes.items()
        },
    )
    after.check()
    old, new = _columns(before), _columns(after)
    changed = {name: new[name] for name in new if new[name] != old[name]}
    if changed:
        Client.objects.filter(pk=client.pk).update(**changed)
        client.refresh_from_db()
        told = {name: {"from": old[name], "to": value} for name, value in changed.items()}
        _changed(client, "client_changed", changes=told)
        transaction.on_commit(lambda: _publish_keys(client))
    return client


def metadata_of(client: Client) -> ClientMetadata:
    """What is registered of it, as it could be registered again."""
    return ClientMetadata(
        client_id=client.client_id,
        name=client.name,
        redirect_uris=tuple(client.redirect_uris),
        post_logout_redirect_uris=tuple(client.post_logout_redirect_uris),
        profile=ProfileName(client.profile_name),
        scopes=tuple(client.scopes),
        introspects=tuple(client.introspects),
        proof=ClientProof(
            token_endpoint_auth_method=AuthMethod(client.auth_method),
            jwks=client.jwks,
            tls_client_auth_subject_dn=client.tls_client_auth_subject_dn,
            tls_client_certificate_thumbprints=tuple(client.tls_client_certificate_thumbprints),
            grant_types=tuple(client.grant_types),
            dpop_bound_access_tokens=client.dpop_bound_access_tokens,
            tls_client_certificate_bound_access_tokens=(
                client.tls_client_certificate_bound_access_tokens
            ),
            require_pushed_authorization_requests=client.require_pushed_authorization_requests,
        ),
        id_token_alg=client.id_token_alg,
        logout=LogoutMetadata(**_same_names(LogoutMetadata, client)),
        answers=AnswerMetadata(**_same_names(AnswerMetadata, client)),
        ciba=CibaMetadata(**_same_names(CibaMetadata, client)),
        ecps_policy=EcpsPolicy(client.ecps_policy),
        practice_choice=client.practice_choice,
        may_look_up=client.may_look_up,
    )


def _same_names(
    kind: type[LogoutMetadata | AnswerMetadata | CibaMetadata], client: Client
) -> dict[str, Any]:
    return {one.name: getattr(client, one.name) for one in fields(kind)}


@transaction.atomic
def rotate_secret(*, client_id: str) -> str:
    """A new secret, told this once; the old one is refused from now on."""
    client = get_client(client_id=client_id)
    if not AuthMethod(client.auth_method).has_secret:
        raise IdpError("no_secret", f"{client_id} has no secret: it proves itself otherwise")
    secret = secrets.new_token()
    Client.objects.filter(pk=client.pk).update(secret_digest=secrets.digest(secret))
    _changed(client, "client_secret_rotated")
    return secret


@transaction.atomic
def set_enabled(*, client_id: str, is_enabled: bool) -> Client:
    """A disabled portal gets nothing any more; tokens it holds die at once."""
    client = get_client(client_id=client_id)
    client.is_enabled = is_enabled
    client.save(update_fields=["is_enabled"])
    _changed(client, "client_enabled" if is_enabled else "client_disabled")
    return client


def get_client(*, client_id: str) -> Client:
    """The client, enabled or not."""
    client = Client.objects.filter(client_id=client_id).first()
    if client is None:
        raise _unknown(client_id)
    return client


def _unknown(client_id: str) -> IdpError:
    return IdpError("unknown_client", f"no client {client_id}", status=404)


def list_clients() -> list[Client]:
    return list(Client.objects.order_by("client_id"))


def _columns(metadata: ClientMetadata) -> dict[str, object]:
    return {
        "name": metadata.name,
        "profile_name": str(metadata.profile),
        "redirect_uris": list(metadata.redirect_uris),
        "post_logout_redirect_uris": list(metadata.post_logout_redirect_uris),
        "scopes": list(metadata.scopes),
        "introspects": list(metadata.introspects),
        "id_token_alg": metadata.id_token_alg,
        "ecps_policy": str(metadata.ecps_policy),
        "practice_choice": metadata.practice_choice,
        "may_look_up": metadata.may_look_up,
        **_proof_columns(metadata.proof),
        **metadata.logout.columns(),
        **metadata.answers.columns(),
        **metadata.ciba.columns(),
    }


def _proof_columns(proof: ClientProof) -> dict[str, object]:
    return {
        "auth_method": str(proof.token_endpoint_auth_method),
        "jwks": dict(proof.jwks),
        "tls_client_auth_subject_dn": proof.tls_client_auth_subject_dn,
        "tls_client_certificate_thumbprints": list(proof.tls_client_certificate_thumbprints),
        "grant_types": list(proof.grant_types),
        "dpop_bound_access_tokens": proof.dpop_bound_access_tokens,
        "tls_client_certificate_bound_access_tokens": (
            proof.tls_client_certificate_bound_access_tokens
        ),
        "require_pushed_authorization_requests": proof.require_pushed_authorization_requests,
    }


def _publish_keys(client: Client) -> None:
    """The keys that will sign for it are in the JWKS before its first login."""
    for alg in {client.id_token_alg, client.userinfo_alg} - {""}:
        keys.ensure(alg)


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _changed(client: Client, event: str, **told: object) -> None:
    record(
        event=event,
        outcome=Outcome.ACCEPTED,
        client_id=client.client_id,
        data={"name": client.name, "profile": client.profile_name, **told},
    )
    transaction.on_commit(lambda: forget_client(client.client_id))
    forget_client(client.client_id)
