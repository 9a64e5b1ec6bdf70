"""A registered portal."""

from typing import Any

from django.db import models

from idp.login.rules.ecps import EcpsPolicy
from idp.oidc.models.client_columns import AnswerColumns, CibaColumns, LogoutColumns
from idp.oidc.models.client_proofs import ProofColumns
from idp.oidc.rules.profiles import PROFILES, Profile, ProfileName


class Client(ProofColumns, LogoutColumns, AnswerColumns, CibaColumns):
    """A portal that may ask for logins. Its secret is kept as a digest only."""

    client_id = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    profile_name = models.CharField(
        max_length=20,
        default=ProfileName.STANDARD,
        choices=[(str(name), str(name)) for name in ProfileName],
    )
    redirect_uris: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    post_logout_redirect_uris: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    scopes: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    # Whose tokens this client may introspect besides its own (RFC 7662 §4): API providers need it.
    introspects: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    # Which phones it lets in (`idp.login.rules.ecps`).
    ecps_policy = models.CharField(
        max_length=20,
        default=EcpsPolicy.ANY,
        choices=[(str(policy), str(policy)) for policy in EcpsPolicy],
    )
    # « En tant que »: whoever has several practices chooses one at each login.
    practice_choice = models.BooleanField(default=False)
    # Whether it may read the directory by itself (scope `annuaire`).
    may_look_up = models.BooleanField(default=False)
    # Made by a sandbox: refused everywhere else.
    is_sandbox = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "portail"
        verbose_name_plural = "portails"

    def __str__(self) -> str:
        return self.client_id

    @property
    def profile(self) -> Profile:
        """The row of switches that the checks read."""
        return PROFILES[ProfileName(self.profile_name)]

    @property
    def phones_accepted(self) -> EcpsPolicy:
        return EcpsPolicy(self.ecps_policy)

    @property
    def must_push_requests(self) -> bool:
        """RFC 9126 §6: by its profile, or as it registered."""
        return self.profile.requires_pushed_requests or self.require_pushed_authorization_requests

    def may_introspect(self, client_id: str) -> bool:
        return client_id == self.client_id or client_id in self.introspects

    # What Authlib's grants ask of a client.
    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        # How a client proves itself is judged in `flows.client_authentication` alone.
        return True
