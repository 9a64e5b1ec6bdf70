"""`manage.py trust import|show|check|disable`: the certification authorities of the cards."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.cardbridge.flows.trust import Wish, disable_authority, import_authorities
from idp.cardbridge.flows.trust_state import refused_for_want_of_news, trust_state
from idp.cardbridge.models import TrustedCertificate
from idp.cardbridge.rules.hierarchy import OFFICIAL, normalise_fingerprint
from idp.core.errors import IdpError


class Command(BaseCommand):
    help = "Shows, imports or disables the certification authorities trusted for cards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("show", help="the authorities, their fingerprints, their lists")
        bring = actions.add_parser("import", help="trust the certificates of a file")
        bring.add_argument("file", type=Path, help="PEM, DER or PKCS#7 (.p7b)")
        bring.add_argument(
            "--accept",
            action="append",
            default=[],
            metavar="FINGERPRINT",
            help="SHA-256 of an authority that is not an official one of IGC-Santé",
        )
        bring.add_argument(
            "--for-cards",
            action="append",
            default=[],
            metavar="FINGERPRINT",
            help="SHA-256 of an issuing authority whose certificates lie on cards "
            "(FORT PERSONNES is one without saying)",
        )
        bring.add_argument(
            "--crl",
            action="append",
            default=[],
            metavar="FINGERPRINT=URL",
            help="where this authority publishes its revocation list",
        )
        bring.add_argument(
            "--ocsp",
            action="append",
            default=[],
            metavar="FINGERPRINT=URL",
            help="the OCSP responder that speaks for this authority",
        )
        bring.add_argument(
            "--ocsp-without-nonce",
            action="append",
            default=[],
            metavar="FINGERPRINT",
            help="its responder repeats no nonce: accept answers that are merely recent",
        )
        actions.add_parser("check", help="what keeps cards from logging in; exit status 1 if any")
        disable = actions.add_parser("disable", help="stop trusting; history stays verifiable")
        disable.add_argument("fingerprint")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            match action:
                case "import":
                    self._import(options)
                case "disable":
                    row = disable_authority(
                        fingerprint=normalise_fingerprint(options["fingerprint"])
                    )
                    self.stdout.write(f"disabled: {row.subject}")
                case "check":
                    self._check()
                case _:
                    self._show()
        except IdpError as error:
            raise CommandError(error.detail) from error
        except OSError as error:
            raise CommandError(str(error)) from error

    def _import(self, options: dict[str, Any]) -> None:
        wish = Wish(
            accept=frozenset(map(normalise_fingerprint, options["accept"])),
            for_cards=frozenset(map(normalise_fingerprint, options["for_cards"])),
            crl_urls=_urls(options["crl"]),
            ocsp_urls=_urls(options["ocsp"]),
            ocsp_without_nonce=frozenset(map(normalise_fingerprint, options["ocsp_without_nonce"])),
        )
        for row in import_authorities(data=options["file"].read_bytes(), wish=wish):
            self._write(row)

    def _show(self) -> None:
        states = trust_state()
        if not states:
            self.stdout.write("no authority is trusted: no card can log in")
        for state in states:
            self._write(state.row)
            self.stdout.write(f"  {state.list_text}")
            for problem in state.problems:
                self.stdout.write(f"  PROBLEM: {problem}")
        self._write_refused()

    def _check(self) -> None:
        """For a monitor: silent but for what is wrong."""
        problems = [
            f"{state.row.subject}: {problem}"
            for state in trust_state()
            for problem in state.problems
        ]
        if problems:
            self._write_refused()
            raise CommandError("\n".join(problems))
        self.stdout.write("every list is there and in date")

    def _write_refused(self) -> None:
        if number := refused_for_want_of_news():
            self.stdout.write(
                f"{number} logins of the last 24 hours were refused for want of revocation news"
            )

    def _write(self, row: TrustedCertificate) -> None:
        marks = [
            row.role,
            "enabled" if row.enabled else "DISABLED",
            "official" if row.sha256 in OFFICIAL else "accepted by the operator",
            *(["cards"] if row.accepts_cards else []),
            *(["TEST"] if row.is_test else []),
            *([f"OCSP {row.ocsp_url}"] if row.ocsp_url and row.accepts_cards else []),
        ]
        self.stdout.write(f"{row.subject}\n  {row.sha256}\n  {', '.join(marks)}")


def _urls(pairs: list[str]) -> dict[str, str]:
    split = [text.partition("=") for text in pairs]
    return {normalise_fingerprint(name): url for name, _equals, url in split}
