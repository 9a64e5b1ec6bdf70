"""What a portal registered beyond its addresses: how it hears of a logout, how it is answered."""

from django.db import models

from idp.oidc.rules.answers import SubjectType, UserInfoShape
from idp.oidc.rules.ciba_request import DELIVERY_MODES, PING


class LogoutColumns(models.Model):
    """Back-Channel Logout 1.0 §2.2 and Front-Channel Logout 1.0 §2; `""`: not told."""

    backchannel_logout_uri = models.TextField(blank=True)
    backchannel_logout_session_required = models.BooleanField(default=False)
    frontchannel_logout_uri = models.TextField(blank=True)
    frontchannel_logout_session_required = models.BooleanField(default=False)

    class Meta:
        abstract = True


class AnswerColumns(models.Model):
    """Registration §2: algorithms of id_token and UserInfo, `""` for plain; and who `sub` is."""

    id_token_alg = models.CharField(max_length=10, default="RS256")
    id_token_encryption_alg = models.CharField(max_length=20, blank=True)
    id_token_encryption_enc = models.CharField(max_length=20, blank=True)
    userinfo_alg = models.CharField(max_length=10, blank=True)
    userinfo_encryption_alg = models.CharField(max_length=20, blank=True)
    userinfo_encryption_enc = models.CharField(max_length=20, blank=True)
    userinfo_shape = models.CharField(
        max_length=10,
        default=UserInfoShape.CURRENT,
        choices=[(str(shape), str(shape)) for shape in UserInfoShape],
    )
    subject_type = models.CharField(
        max_length=10,
        default=SubjectType.PUBLIC,
        choices=[(str(kind), str(kind)) for kind in SubjectType],
    )
    # Host whose portals share one pairwise `sub` (OIDC Core §8.1).
    sector_identifier = models.CharField(max_length=255, blank=True)

    class Meta:
        abstract = True


class CibaColumns(models.Model):
    """CIBA Core 1.0 §4: how a portal's server hears of an answer; the address serves ping only."""

    backchannel_token_delivery_mode = models.CharField(
        max_length=10, default="poll", choices=[(mode, mode) for mode in DELIVERY_MODES]
    )
    backchannel_client_notification_endpoint = models.TextField(blank=True)

    class Meta:
        abstract = True

    @property
    def is_pinged(self) -> bool:
        return self.backchannel_token_delivery_mode == PING
