"""The directory as the operator may look at it. It is changed by imports, never by hand."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from idp.core import clock
from idp.core.identifiers import InvalidIdentifierError, normalise_typed_identifier
from idp.directory import models
from idp.directory.flows.cards import WARN_BEFORE
from idp.directory.rules.structures import digest_of


class ReadOnly:
    """Takes away adding, changing and deleting."""

    def has_add_permission(self, *_args: Any) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


class OfPeople:
    """Rows of people, or of what is theirs: not of the red list, but for who names them.

    `holder`: the path to the person, with `__` behind it.
    """

    holder = ""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """A person's own page is opened by its key."""
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        page = request.resolver_match and request.resolver_match.url_name
        is_list = not page or page.endswith("_changelist")
        if is_list and not request.GET.get("q"):
            return rows.filter(**{f"{self.holder}is_red_listed": False})
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> "tuple[QuerySet[Any], bool]":
        """A national identifier is known as people write it."""
        with suppress(InvalidIdentifierError):
            search_term = normalise_typed_identifier(search_term)
        found: tuple[QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
            request, queryset, search_term
        )
        return found


class AlternativeIdentifierInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = models.AlternativeIdentifier
    extra = 0


class ExerciceInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """Professions, those that ended included."""

    model = models.Exercice
    extra = 0
    fields = (
        *("rank", "code_profession", "code_categorie_professionnelle", "code_civilite"),
        *("nom", "prenom", "since", "until"),
    )
    ordering = ("-until", "rank")


class SavoirFaireInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """Savoir-faire and the files that say them, those that ended included."""

    model = models.SavoirFaire
    extra = 0
    fields = ("code_profession", "code_type", "code", "source", "since", "until")
    ordering = ("-until", "code_profession", "code_type", "code")


class PracticeInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """Practices, those that ended included."""

    model = models.Practice
    extra = 0
    fields = (
        *("structure", "code_profession", "code_mode_exercice", "code_secteur_activite"),
        *("code_role", "since", "until"),
    )
    ordering = ("-until", "rank")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[models.Practice]":
        practices: QuerySet[models.Practice] = super().get_queryset(request)
        return practices.select_related("structure")


class CardInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """The cards that logged in: when they end, since when they are opposed."""

    model = models.Card
    extra = 0
    fields = ("kind", "number", "not_after", "opposed_at", "first_seen_at", "last_seen_at")


@admin.register(models.Person)
class PersonAdmin(OfPeople, ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        *("national_id", "family_name", "given_names", "is_test", "left_register_at"),
        "practices_ended_on",
        "updated_at",
    )
    list_filter = ("is_test",)
    search_fields = ("=alternative_identifiers__identifier", "family_name")
    exclude = ("snapshot", "fingerprint")
    inlines = (
        *(AlternativeIdentifierInline, CardInline),
        *(ExerciceInline, SavoirFaireInline, PracticeInline),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[models.Person]", search_term: str
    ) -> "tuple[QuerySet[models.Person], bool]":
        """By name, whoever is on the red list is not found; under a known identifier they are."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        words = search_term.split()
        with suppress(InvalidIdentifierError):
            words = [normalise_typed_identifier(search_term)]
        hidden = Q(is_red_listed=True) & ~Q(alternative_identifiers__identifier__in=words)
        return found.exclude(pk__in=models.Person.objects.filter(hidden).values("pk")), may_repeat


@admin.register(models.Structure)
class StructureAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        *("identifiant_technique_structure", "raison_sociale_site"),
        *("enseigne_commerciale_site", "code_postal"),
    )
    # Says that there is a search; what it finds is below.
    search_fields = ("=identifiant_technique_structure",)
    show_full_result_count = False

    def get_search_results(
        self, _request: HttpRequest, queryset: "QuerySet[models.Structure]", search_term: str
    ) -> "tuple[QuerySet[models.Structure], bool]":
        """By « identifiant technique », of which the subject of a place is made."""
        named = search_term.strip()
        return (queryset.filter(pk=UUID(digest_of(named))) if named else queryset), False


class EndFilter(admin.SimpleListFilter):
    """Cards whose holder must be told."""

    title = _("état")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("ends_soon", _("expire dans les 30 jours")), ("opposed", _("en opposition"))]

    def queryset(
        self, _request: HttpRequest, cards: "QuerySet[models.Card]"
    ) -> "QuerySet[models.Card]":
        match self.value():
            case "ends_soon":
                now = clock.now()
                return cards.filter(
                    not_after__range=(now, now + WARN_BEFORE), opposed_at__isnull=True
                )
            case "opposed":
                return cards.filter(opposed_at__isnull=False)
        return cards


@admin.register(models.Card)
class CardAdmin(OfPeople, ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    holder = "person__"
    list_display = ("person", "kind", "number", "not_after", "opposed_at", "last_seen_at")
    list_filter = (EndFilter, "kind")
    list_select_related = ("person",)
    search_fields = ("=person__national_id", "=number")
