"""What runs where, as tables of dotted names: the layers below never import the ones above.

Part of the settings (`settings.WORKER_JOBS`, …); nothing here differs between deployments.
"""

from typing import Any

# Of every deployment.
APPS = (
    "channels",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "idp.core",
    "idp.audit",
    "idp.directory",
    "idp.login",
    "idp.cardbridge",
    "idp.enrollment",
    "idp.oidc",
    "mobileapi",
)
MIDDLEWARE = ["idp.core.serving.Serving", "idp.core.page_chain.PageChain"]
# Around pages only; what IS_BACK_CHANNEL names gets none of it, what IS_API names gets its own.
PAGE_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # It alone looks at Host on every page: a name pointed at us is not ours (DNS rebinding).
    "django.middleware.common.CommonMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "idp.core.pages.ErrorPages",
]
# Django's own checks look in MIDDLEWARE for what is one level down; CSP frame-ancestors is W002.
SILENCED_SYSTEM_CHECKS = [
    *("admin.E408", "admin.E409", "admin.E410"),
    *("security.W001", "security.W002", "security.W003"),
]
# (path) -> bool, by name, since the core imports no other app.
IS_BACK_CHANNEL = "idp.oidc.urls.is_back_channel"
# Evidence verifiers of `manage.py audit verify`, by kind of evidence: callables (evidence: dict) ->
# None, that raise IdpError. By name, since the audit log imports no other app.
AUDIT_EVIDENCE_VERIFIERS = {
    "card": "idp.cardbridge.flows.evidence.verify_evidence",
    "phone": "idp.enrollment.flows.evidence.verify_evidence",
    "phone_enrolment": "idp.enrollment.flows.evidence.verify_enrolment",
    "passkey": "idp.enrollment.flows.evidence.verify_passkey_login",
}
# What signs each kind of evidence once: no two rows may share it.
AUDIT_EVIDENCE_ONCE = {
    "card": "challenge",
    "phone": "nonce",
    "phone_enrolment": "nonce",
    "passkey": "nonce",
}
# Accepted rows of these events prove themselves.
AUDIT_EVENTS_WITH_EVIDENCE = frozenset({"login", "device_activated"})
# Methods that sign nothing, and the level that their rows may claim: a code that was typed.
AUDIT_METHODS_WITHOUT_EVIDENCE = {"offline": "eidas1"}
# Methods that answer a login without a browser: callables (attempt, question) that ask the person.
# By name, since the dispatcher imports no method.
DECOUPLED_METHODS = {"phone": "idp.enrollment.flows.decoupled.ask_phone"}
# Told of each proof and refusal of such a login, inside its transaction: callables (attempt=…).
DECOUPLED_END_HOOKS = ["idp.oidc.flows.ciba_ping.announce_answer"]
# Jobs of `manage.py worker`: name → (callable without arguments, seconds between two runs).
WORKER_JOBS = {
    "seal the audit log": ("idp.audit.flows.sealing.seal_pending", 1),
    "refresh revocation lists": ("idp.cardbridge.flows.crl.refresh_due_crls", 300),
    "ask about cards in use": ("idp.cardbridge.flows.ocsp.ask_about_due_cards", 10),
    "end what opposed cards opened": ("idp.cardbridge.flows.barring.withdraw_opposed_cards", 30),
    "end what the register opposes": ("idp.cardbridge.flows.issued.withdraw_opposed_issued", 10),
    "end what barred people opened": ("idp.login.flows.withdrawal.withdraw_barred_people", 2),
    "rotate signing keys": ("idp.oidc.flows.keys.rotate_due_keys", 3600),
    "ring phones": ("idp.enrollment.flows.push_delivery.ring_due", 1),
    "tell of phones that end soon": ("idp.enrollment.flows.ending_phones.warn_ending_phones", 600),
    "deliver what is due": ("idp.oidc.flows.delivery_worker.deliver_due", 1),
    "end what is over": ("idp.core.purge.purge_expired", 60),
}

# Told of each SSO session that ends, in its transaction: callables (session=SsoSession) -> None.
SESSION_END_HOOKS = ["idp.oidc.flows.logout_tokens.announce_end"]

# Told of two persons who turn out to be one and stay two here, for portals know them as two:
# callables (former=Person, survivor=Person) -> None, in the transaction of `toggle_identifiers`.
TOGGLE_HOOKS = ["idp.login.flows.revocation.revoke_same"]

# What a withdrawn proof ends besides sessions: callables (Withdrawal) -> number ended, in the same
# transaction. The name is that of the count in the audit log.
WITHDRAWAL_HOOKS = {"phones": "idp.enrollment.flows.withdrawal.end_phones"}
# What orders about single phones need: whose it is, its end, and that taken back; which of these
# persons have one.
DEVICE_ORDERS = {
    "holder": "idp.enrollment.flows.withdrawal.holder_of_phone",
    "holders": "idp.enrollment.flows.withdrawal.holders_among",
    "revoke": "idp.enrollment.flows.withdrawal.suspend_by_order",
    "lift": "idp.enrollment.flows.withdrawal.resume_by_order",
}

# Purges run by the worker: callables that return the number of rows removed.
PURGES = [
    "idp.directory.flows.cards.purge_cards",
    "idp.enrollment.flows.purge.purge_enrollment",
    "idp.login.flows.purge.purge_logins",
    "idp.oidc.flows.purge.purge_grants",
    "idp.oidc.flows.purge.purge_deliveries",
    "idp.oidc.flows.purge.purge_seen",
]

# The phone's API: which paths it is, and the middleware around it (`idp.core.page_chain`). No
# cookie is read there, and no form or page comes from there.
IS_API = "mobileapi.urls.is_api"
API_MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "django.middleware.locale.LocaleMiddleware",
]
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "mobileapi.errors.problem",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Hygie: API de l'application e-CPS",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Names of their own for members that are called alike.
    "ENUM_NAME_OVERRIDES": {
        "DeviceState": "idp.enrollment.rules.states.DEVICE_STATES",
        "DeviceKind": "idp.enrollment.rules.states.DEVICE_KINDS",
        "JournalKind": "idp.enrollment.rules.journal.ENTRY_KINDS",
    },
}
