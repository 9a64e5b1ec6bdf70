"""The directory as the operator may look at it. It is changed by imports, never by hand."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from idp.directory import models


class ReadOnly:
    """Takes away adding, changing and deleting."""

    def has_add_permission(self, *_args: Any) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


class AlternativeIdentifierInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = models.AlternativeIdentifier
    extra = 0


class ExerciceInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = models.Exercice
    extra = 0
    show_change_link = True


class SavoirFaireInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = models.SavoirFaire
    extra = 0


class ActivityInline(ReadOnly, admin.StackedInline):  # type: ignore[type-arg]
    model = models.Activity
    extra = 0


@admin.register(models.Person)
class PersonAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("national_id", "family_name", "given_names", "is_test", "updated_at")
    list_filter = ("is_test",)
    search_fields = ("=alternative_identifiers__identifier", "family_name")
    exclude = ("snapshot", "fingerprint")
    inlines = (AlternativeIdentifierInline, ExerciceInline)


@admin.register(models.Exercice)
class ExerciceAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("person", "code_profession", "code_categorie_professionnelle")
    list_select_related = ("person",)
    search_fields = ("=person__national_id",)
    inlines = (SavoirFaireInline, ActivityInline)
