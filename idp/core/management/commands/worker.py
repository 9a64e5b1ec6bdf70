"""`manage.py worker`: seals the audit log, refreshes revocation lists, ends what is over."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from idp.core import worker


class Command(BaseCommand):
    help = "Runs the periodic jobs (one or more per deployment; safe to kill)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run each job once and stop")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if once:
            for name, (job, _every) in worker.jobs().items():
                worker.run_once(name, job)
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        worker.run_forever(stop)
