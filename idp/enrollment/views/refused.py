"""A refusal on « Mon e-CPS »: no portal sent the person here, so none is what they go back to."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from idp.core.errors import IdpError
from idp.core.pages import refused

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def leads_back_to_my_ecps(view: View[P]) -> View[P]:
    """Renders a refusal with what was kept, and « Mon e-CPS » as the next step."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except IdpError as error:
            is_cancelled = error.code == "access_denied"
            return refused(
                request,
                error,
                title=_("Vous avez annulé") if is_cancelled else _("Mon e-CPS ne s’est pas ouvert"),
                kept=_("Aucun téléphone n’a été activé ni retiré."),
                advice=_("Recommencez avec votre carte, ou fermez cette page."),
                next_step={"label": _("Ouvrir Mon e-CPS"), "url": reverse("enrollment:home")},
            )

    return guarded
