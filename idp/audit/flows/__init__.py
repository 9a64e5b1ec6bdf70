"""The audit log's use cases: `record` (all apps), `seal_pending` (worker), `verify` (operator)."""

from idp.audit.flows.recording import Outcome, record

__all__ = ["Outcome", "record"]
