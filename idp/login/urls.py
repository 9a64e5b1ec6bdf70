"""The dispatcher's addresses, under /login/. Methods live under /login/card/, /login/phone/."""

from django.urls import path

from idp.login.views import dispatcher

app_name = "login"
urlpatterns = [
    path("<uuid:attempt_id>", dispatcher.dispatch, name="dispatch"),
    path("<uuid:attempt_id>/finish", dispatcher.finish, name="finish"),
    path("<uuid:attempt_id>/cancel", dispatcher.cancel, name="cancel"),
]
