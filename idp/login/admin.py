"""Orders of revocation as the operator sees and gives them. Lifting one is the command's."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from idp.core.errors import IdpError
from idp.directory.admin import CardAdmin, PersonAdmin, ReadOnly
from idp.directory.models import Card, Person
from idp.login import flows
from idp.login.models import RevocationOrder
from idp.login.rules.revocation import Order, TargetKind


class ReasonForm(ActionForm):
    """Beside the action: why, to be read in the audit log."""

    reason = forms.CharField(label=_("Motif"), max_length=200, required=False)


class Revoking:
    """Adds the action « révoquer », for who may add an order."""

    action_form = ReasonForm
    kind: TargetKind

    @admin.action(description=_("Révoquer maintenant"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: "QuerySet[Any]") -> None:
        for row in chosen:
            order = Order(
                kind=self.kind,
                target=self.target_of(row),
                reason=request.POST.get("reason", ""),
                by=f"{request.user.get_username()}, in the administration",
            )
            try:
                flows.revoke(order)
            except IdpError as error:
                messages.error(request, error.description)
                return
        messages.success(request, _("Révocation faite."))

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("login.add_revocationorder")

    def target_of(self, row: Any) -> str:
        raise NotImplementedError


class RevokingPersonAdmin(Revoking, PersonAdmin):
    kind = TargetKind.PERSON
    actions = ("revoke",)

    def target_of(self, row: Any) -> str:
        return str(row.national_id)


class RevokingCardAdmin(Revoking, CardAdmin):
    kind = TargetKind.CARD
    actions = ("revoke",)

    def target_of(self, row: Any) -> str:
        return str(row.number)


admin.site.unregister(Person)
admin.site.register(Person, RevokingPersonAdmin)
admin.site.unregister(Card)
admin.site.register(Card, RevokingCardAdmin)


@admin.register(RevocationOrder)
class RevocationOrderAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("ordered_at", "kind", "target", "person", "cause", "ordered_by", "lifted_at")
    list_filter = ("kind", "cause", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("person",)
    search_fields = ("=target", "=person__national_id")
