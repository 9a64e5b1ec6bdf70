"""Trust in cards as the operator may look at it: changed by commands, which leave audit rows."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from idp.cardbridge.models import BarredSerial, RevocationList, TrustedCertificate


class ReadOnly:
    """Takes away adding, changing and deleting."""

    def has_add_permission(self, *_args: Any) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(TrustedCertificate)
class TrustedCertificateAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("subject", "role", "enabled", "accepts_cards", "crl_failures", "ocsp_failures")
    exclude = ("der",)


@admin.register(RevocationList)
class RevocationListAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("issuer", "number", "entries", "this_update", "next_update", "fetched_at")
    list_select_related = ("issuer",)
    exclude = ("der", "seal")


@admin.register(BarredSerial)
class BarredSerialAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("serial", "issuer", "source", "revoked_at", "reason")
    list_filter = ("source",)
    list_select_related = ("issuer",)
    search_fields = ("=serial",)
    show_full_result_count = False
