"""`manage.py audit verify|show`: the operator's proof."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.audit.rules.chain import Anchor


class Command(BaseCommand):
    help = "Verifies the audit log (chain and signatures), or shows what a reference stands for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify_parser = actions.add_parser(
            "verify", help="re-check chain and evidence; exit status 1 if bad"
        )
        verify_parser.add_argument(
            "--anchor",
            type=Anchor.parse,
            metavar="ROW:HASH",
            help="what an earlier verification or the worker's log said, kept outside the database",
        )
        show = actions.add_parser("show", help="the rows with this reference code")
        show.add_argument("reference")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "verify":
            self._verify(options["anchor"])
        else:
            self._show(options["reference"])

    def _verify(self, anchor: Anchor | None) -> None:
        report = verify(kept=anchor)
        self.stdout.write(
            f"{report.sealed} rows sealed, {report.unsealed} not yet sealed, "
            f"{report.evidence_checked} signatures re-checked"
        )
        if report.first_bad:
            self.stderr.write(self.style.ERROR(f"FIRST BAD ROW: {report.first_bad}"))
            sys.exit(1)
        self.stdout.write(f"anchor {report.anchor}")
        self.stdout.write(self.style.SUCCESS("audit log intact"))

    def _show(self, reference: str) -> None:
        rows = AuditRow.objects.filter(reference=reference.upper())
        if not rows:
            self.stderr.write(f"no row with reference {reference}")
            sys.exit(1)
        for row in rows:
            self.stdout.write(
                f"{row}\n  subject={row.subject or '-'} client={row.client_id or '-'}"
            )
            self.stdout.write(f"  {row.data}")
