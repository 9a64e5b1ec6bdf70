"""The operator may look at the directory, not change it by hand."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from idp.directory import models
from idp.directory.flows.importing import ImportSummary
from tests.directory.register import PRACTICE, register, row


@pytest.mark.parametrize("model", [models.Person, models.Structure])
def test_nothing_of_the_directory_is_changed_by_hand(model: type[models.Person]) -> None:
    page = admin.site._registry[model]
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True)
    for each in (page, *page.get_inline_instances(request)):
        assert not each.has_add_permission(request, None)  # type: ignore[call-arg]
        assert not each.has_change_permission(request)
        assert not each.has_delete_permission(request)
        assert each.has_view_permission(request)


@pytest.mark.django_db
def test_a_place_is_found_by_its_identifier(import_bytes: Callable[..., ImportSummary]) -> None:
    elsewhere = {**PRACTICE, "identifiant_technique_structure": "F750000001"}
    import_bytes(register(row(**PRACTICE), row(**elsewhere)))
    page = admin.site._registry[models.Structure]
    everything = models.Structure.objects.all()
    request = RequestFactory().get("/")

    def found(typed: str) -> list[str]:
        places, _ = page.get_search_results(request, everything, typed)
        return [each.identifiant_technique_structure for each in places]

    assert found(" F750000001 ") == ["F750000001"]
    assert found("F75000000") == []
    assert len(found("")) == 2
