"""Options of `manage.py client add` about logouts and answers, and how they are shown."""

from argparse import ArgumentParser
from typing import Any

from idp.oidc.models import Client
from idp.oidc.rules.answers import (
    ENCRYPTION_ALGS,
    ENCRYPTION_ENCS,
    ID_TOKEN_ALGS,
    SubjectType,
    UserInfoShape,
)
from idp.oidc.rules.client_choices import AnswerMetadata, LogoutMetadata


def add_choice_arguments(parser: ArgumentParser) -> None:
    """Names of RFC 7591's metadata, shortened."""
    for channel in ("backchannel", "frontchannel"):
        parser.add_argument(f"--{channel}-logout-uri", default="", metavar="URI")
        parser.add_argument(f"--{channel}-logout-session-required", action="store_true")
    parser.add_argument("--userinfo-alg", default="", choices=ID_TOKEN_ALGS, help="default: JSON")
    for place in ("id-token", "userinfo"):
        parser.add_argument(f"--{place}-encryption-alg", default="", choices=ENCRYPTION_ALGS)
        parser.add_argument(f"--{place}-encryption-enc", default="", choices=ENCRYPTION_ENCS)
    parser.add_argument(
        "--userinfo-shape",
        choices=[str(shape) for shape in UserInfoShape],
        default=str(UserInfoShape.CURRENT),
        help="the year whose UserInfo and sub the portal was written for",
    )
    parser.add_argument(
        "--subject-type",
        choices=[str(kind) for kind in SubjectType],
        default=str(SubjectType.PUBLIC),
    )
    parser.add_argument("--sector-identifier", default="", metavar="HOST")


def logout_of(options: dict[str, Any]) -> LogoutMetadata:
    return LogoutMetadata(**{name: options[name] for name in LogoutMetadata.__slots__})


def answers_of(options: dict[str, Any]) -> AnswerMetadata:
    return AnswerMetadata(**{name: options[name] for name in AnswerMetadata.__slots__})


def shown_choices(client: Client) -> dict[str, Any]:
    """RFC 7591 names; what was not chosen is left out."""
    told = {
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "backchannel_logout_session_required": client.backchannel_logout_session_required,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "frontchannel_logout_session_required": client.frontchannel_logout_session_required,
        "id_token_encrypted_response_alg": client.id_token_encryption_alg,
        "id_token_encrypted_response_enc": client.id_token_encryption_enc,
        "userinfo_signed_response_alg": client.userinfo_alg,
        "userinfo_encrypted_response_alg": client.userinfo_encryption_alg,
        "userinfo_encrypted_response_enc": client.userinfo_encryption_enc,
        "userinfo_shape": client.userinfo_shape,
        "subject_type": client.subject_type,
        "sector_identifier": client.sector_identifier,
    }
    return {name: value for name, value in told.items() if value}
