"""The e-CPS's use cases.

Enrol: `activation.start` (PC) → `phone_keys.claim`, `receive_keys` → `activation.confirm` (PC).
Login: `requests.request_approval` (PC) → `approval.present_number`, `approve` | `denial.deny`.
"""
