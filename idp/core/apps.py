from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "idp.core"
    label = "hygie_core"
    default_auto_field = "django.db.models.BigAutoField"
