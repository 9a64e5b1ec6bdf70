"""« Perdu ou volé »: choose, confirm, done. By card, or by phone where the card was lost."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from idp.core.errors import IdpError
from idp.enrollment.flows import loss as flow
from idp.enrollment.views.home import own_login, session_of
from idp.enrollment.views.refused import leads_back_to_my_ecps
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.authentication import MethodName
from idp.login.views.browser import browser_of
from idp.login.views.dispatcher import see_other


@never_cache
@require_http_methods(["GET", "POST"])
@leads_back_to_my_ecps
def report(request: HttpRequest) -> HttpResponse:
    """The list, then the question, then the deed: each POST says which (`confirmed`)."""
    session = session_of(request)
    if session is None or not flow.may_report(session):
        return own_login(
            request, MethodName.PHONE, MethodName.CARD, back_to="enrollment:loss_resume"
        )
    if request.method == "GET":
        return _list(request, session)
    if "lost" not in request.POST:
        return _list(request, session, is_empty=True)
    loss = flow.loss_named(request.POST["lost"], person_id=session.person_id)
    if "confirmed" not in request.POST:
        return render(request, "enrollment/loss_confirm.html", {"loss": loss})
    flow.report(loss, session=session)
    return see_other(f"{reverse('enrollment:loss_done')}?{'card' if loss.card else 'phone'}")


def _list(request: HttpRequest, session: SsoSession, *, is_empty: bool = False) -> HttpResponse:
    return render(
        request,
        "enrollment/loss.html",
        {"losses": flow.losses_of(person_id=session.person_id), "is_empty": is_empty},
        status=400 if is_empty else 200,
    )


@never_cache
@require_GET
@leads_back_to_my_ecps
def resume(request: HttpRequest) -> HttpResponse:
    """Back from the login."""
    finished = login.read_finished(token=request.GET.get("step", ""), browser=browser_of(request))
    if finished.session is None:
        raise IdpError(
            finished.refusal_code or "access_denied",
            _("La connexion a été arrêtée à votre demande."),
            status=403,
        )
    return see_other(reverse("enrollment:loss"))


@never_cache
@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """What to do next; needs no session, as a lost card took its own along."""
    return render(request, "enrollment/loss_done.html", {"is_card": "card" in request.GET})
