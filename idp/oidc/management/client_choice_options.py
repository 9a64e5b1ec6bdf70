"""Options of `manage.py client add` about logouts and answers."""

from argparse import ArgumentParser
from typing import Any

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
