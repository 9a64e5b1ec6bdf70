"""`manage.py client`: portals are added, updated, listed, shown, enabled, disabled."""

import json
import secrets
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.login.rules.ecps import EcpsPolicy
from idp.oidc.flows import clients
from idp.oidc.flows.client_document import client_document
from idp.oidc.flows.registration import give_initial_token
from idp.oidc.gateways.keys import SIGNING_ALGS
from idp.oidc.management.client_choice_options import (
    add_choice_arguments,
    answers_of,
    logout_of,
)
from idp.oidc.management.client_ciba_options import add_ciba_arguments, ciba_of
from idp.oidc.management.client_proof_options import add_proof_arguments, proof_of
from idp.oidc.management.client_update_options import add_update_arguments, changes_of
from idp.oidc.rules.profiles import PROFILES, ProfileName
from idp.oidc.rules.scopes import SCOPES

_PROFILES = [str(name) for name in ProfileName]


class Command(BaseCommand):
    help = "Registers portals. Prints JSON; a secret is printed once and kept as a digest only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="register a portal")
        add.add_argument("name", help="as the professional reads it")
        add.add_argument("--id", help="client_id; drawn at random when absent")
        add.add_argument("--redirect-uri", action="append", default=[])
        add.add_argument("--post-logout-redirect-uri", action="append", default=[])
        add.add_argument(
            "--profile",
            choices=_PROFILES,
            default=str(ProfileName.STANDARD),
            help="psc: for portals that speak to Pro Santé Connect already",
        )
        add.add_argument("--scope", action="append", choices=list(SCOPES), help="default: all")
        add.add_argument(
            "--may-introspect",
            action="append",
            default=[],
            metavar="CLIENT_ID",
            help="whose tokens it may introspect besides its own",
        )
        add.add_argument(
            "--id-token-alg", choices=SIGNING_ALGS, help="default: RS256, ES256 in fapi2"
        )
        add.add_argument(
            "--ecps-policy",
            choices=[str(policy) for policy in EcpsPolicy],
            default=str(EcpsPolicy.ANY),
            help="which phones it accepts; default: any",
        )
        add.add_argument(
            "--practice-choice",
            action="store_true",
            help="whoever has several practices chooses one at each login",
        )
        add.add_argument(
            "--may-look-up",
            action="store_true",
            help="it may search the directory by itself (grant client_credentials)",
        )
        add_proof_arguments(add)
        add_choice_arguments(add)
        add_ciba_arguments(add)
        add_update_arguments(actions.add_parser("update", help="change a portal's settings"))
        actions.add_parser("list", help="every portal")
        allow = actions.add_parser(
            "allow-registration", help="an initial access token, for portals that register alone"
        )
        allow.add_argument("--profile", choices=_PROFILES, default=str(ProfileName.STANDARD))
        allow.add_argument("--uses", type=int, default=1, help="how many portals: 1")
        allow.add_argument("--days", type=int, default=7, help="how long: 7")
        for action in ("show", "rotate-secret", "enable", "disable"):
            actions.add_parser(action).add_argument("client_id")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            answer = self._answer(action, options)
        except IdpError as error:
            raise CommandError(error.description) from error
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))

    def _answer(self, action: str, options: dict[str, Any]) -> Any:
        if action == "add":
            return self._add(options)
        if action == "list":
            return [client_document(client) for client in clients.list_clients()]
        if action == "allow-registration":
            return _allowed(options)
        client_id = options["client_id"]
        if action == "show":
            return client_document(clients.get_client(client_id=client_id))
        if action == "update":
            return client_document(
                clients.update_client(client_id=client_id, changes=changes_of(options))
            )
        if action == "rotate-secret":
            secret = clients.rotate_secret(client_id=client_id)
            return {"client_id": client_id, "client_secret": secret}
        return client_document(
            clients.set_enabled(client_id=client_id, is_enabled=action == "enable")
        )

    def _add(self, options: dict[str, Any]) -> dict[str, Any]:
        proof = proof_of(options)
        client, secret = clients.add_client(
            chosen_secret=options["secret"],
            metadata=clients.ClientMetadata(
                client_id=options["id"] or f"portal-{secrets.token_hex(8)}",
                name=options["name"],
                redirect_uris=tuple(options["redirect_uri"]),
                post_logout_redirect_uris=tuple(options["post_logout_redirect_uri"]),
                profile=ProfileName(options["profile"]),
                scopes=tuple(options["scope"] or SCOPES),
                introspects=tuple(options["may_introspect"]),
                proof=proof,
                id_token_alg=options["id_token_alg"]
                or PROFILES[ProfileName(options["profile"])].default_alg,
                logout=logout_of(options),
                answers=answers_of(options),
                ciba=ciba_of(options),
                ecps_policy=EcpsPolicy(options["ecps_policy"]),
                practice_choice=options["practice_choice"],
                may_look_up=options["may_look_up"],
            ),
        )
        return {**client_document(client), **({"client_secret": secret} if secret else {})}


def _allowed(options: dict[str, Any]) -> dict[str, Any]:
    given = give_initial_token(
        profile=ProfileName(options["profile"]),
        uses=options["uses"],
        life=timedelta(days=options["days"]),
    )
    return {
        "initial_access_token": given.token,
        "profile": options["profile"],
        "uses": options["uses"],
        "expires_at": given.expires_at.isoformat(timespec="seconds"),
        "registration_endpoint": f"{settings.HYGIE.issuer}/clients-registrations/openid-connect",
    }
