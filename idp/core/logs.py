"""How logs are written: events with fields on stderr; JSON in production, plain in the sandbox."""

import logging.config
from pathlib import Path

import structlog
from django.conf import settings


def configure(*, as_json: bool) -> None:
    """Sends structlog's events through the standard handlers. Called once, by settings."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if as_json
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class WithoutTrace(logging.Filter):
    """For what a stranger can cause at will: one line says it all."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True


def write_to_file(path: Path) -> None:
    """The demo: everything into a file, only warnings on the screen.

    The setting itself is changed: loading the ASGI application configures logging once more.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handlers = settings.LOGGING["handlers"]
    handlers["stderr"]["level"] = "WARNING"
    handlers["file"] = {"class": "logging.FileHandler", "filename": str(path)}
    settings.LOGGING["root"]["handlers"] = list(handlers)
    logging.config.dictConfig(settings.LOGGING)
