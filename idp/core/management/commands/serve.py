"""`manage.py serve all|web|live`: the servers of a deployment."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from idp.core.static_files import collect

# A phone says one thing, in one small frame (`mobileapi.consumers`).
LARGEST_FRAME = 16 * 1024


class Command(BaseCommand):
    help = (
        "all: everything in one ASGI server; web: pages and protocol (WSGI); "
        "live: what waits (SSE under /events, WebSockets under /ws/)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=["all", "web", "live"])
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2)

    def handle(self, *args: Any, kind: str, host: str, port: int, workers: int, **_: Any) -> None:
        self._require_current_schema()
        collect()
        if (workers > 1 or kind != "all") and not settings.REDIS_URL:
            raise CommandError(
                "Several processes wake one another, and share rate windows and used proofs, "
                "through Redis: set REDIS_URL, or run: serve all --workers 1"
            )
        python = [sys.executable, "-m"]
        if kind == "web":
            command = [
                *(*python, "granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
                *("--workers", str(workers), "--no-ws", "idp.wsgi:application"),
            ]
        else:
            command = [
                *(*python, "uvicorn", "--host", host, "--port", str(port), "--lifespan", "off"),
                *("--ws-max-size", str(LARGEST_FRAME)),
                *("--workers", str(workers), "--no-server-header", "idp.asgi:application"),
            ]
        os.execv(command[0], command)  # noqa: S606

    def _require_current_schema(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database schema is not current. Run: ./run manage migrate")
        connection.close()
