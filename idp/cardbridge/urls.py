"""The card method's addresses, under /login/card/."""

from django.urls import path

from idp.cardbridge.views import card

app_name = "cardbridge"
urlpatterns = [
    path("<uuid:attempt_id>", card.start, name="start"),
    path("<uuid:attempt_id>/challenge", card.challenge, name="challenge"),
    path("<uuid:attempt_id>/answer", card.answer, name="answer"),
    path("<uuid:attempt_id>/failure", card.failure, name="failure"),
]
