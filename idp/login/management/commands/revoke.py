"""`manage.py revoke person|card|device TARGET --reason … [--undo]`, `manage.py revoke list`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.login import flows
from idp.login.rules.revocation import Order, TargetKind

_TARGETS = {
    TargetKind.PERSON: "RPPS or any other identifier of the person",
    TargetKind.CARD: "the number on the card",
    TargetKind.DEVICE: "the phone's key, as in the audit log",
}


class Command(BaseCommand):
    help = "Ends an access at once, until it is undone. Both are rows of the audit log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for kind, what in _TARGETS.items():
            one = actions.add_parser(str(kind))
            one.add_argument("target", help=what)
            one.add_argument("--reason", required=True, help="kept, at most 200 characters")
            one.add_argument("--by", default="operator, by command", help="who orders it")
            one.add_argument(
                "--undo",
                action="store_true",
                help="lift the order; what it ended stays ended",
            )
        actions.add_parser("list", help="the orders in force")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "list":
            self._list()
            return
        order = Order(
            kind=TargetKind(action),
            target=options["target"],
            reason=options["reason"],
            by=options["by"],
        )
        try:
            if options["undo"]:
                flows.lift(order)
                self.stdout.write("The order is lifted.")
                return
            ended = flows.revoke(order)
        except IdpError as error:
            raise CommandError(error.description) from error
        if flows.holder_of(order) is None:
            self.stderr.write(
                f"No {order.kind} {order.target} is known here. It is barred all the same: "
                "is the number right?"
            )
        counts = ", ".join(f"{name}: {count}" for name, count in sorted(ended.items()))
        self.stdout.write(f"Revoked. Ended: {counts or 'nothing was open'}")

    def _list(self) -> None:
        for order in flows.orders_in_force():
            whose = order.person.national_id if order.person else "?"
            self.stdout.write(
                f"{order.ordered_at:%Y-%m-%d %H:%M}  {order.kind}  {order.target}  {whose}  "
                f"{order.cause}  by {order.ordered_by}: {order.reason}"
            )
