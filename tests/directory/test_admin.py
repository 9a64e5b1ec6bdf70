"""The operator may look at the directory, not change it by hand."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from idp.directory import models


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
