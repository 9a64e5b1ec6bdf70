"""The audit log's use cases: `record` (every app), `seal_pending` (the worker), `verify` (operator)."""

from idp.audit.flows.recording import Outcome, record

__all__ = ["Outcome", "record"]
