from django.apps import AppConfig


class CardBridgeConfig(AppConfig):
    name = "idp.cardbridge"
    label = "cardbridge"
    default_auto_field = "django.db.models.BigAutoField"
