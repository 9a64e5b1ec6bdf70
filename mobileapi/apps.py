from django.apps import AppConfig


class MobileApiConfig(AppConfig):
    name = "mobileapi"
    default_auto_field = "django.db.models.BigAutoField"
