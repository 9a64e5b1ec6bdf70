from django.apps import AppConfig


class OidcConfig(AppConfig):
    name = "idp.oidc"
    label = "oidc"
    default_auto_field = "django.db.models.BigAutoField"
