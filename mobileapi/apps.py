from django.apps import AppConfig


class MobileApiConfig(AppConfig):
    name = "mobileapi"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # drf-spectacular finds its extensions by their having been imported.
        import mobileapi.schema  # noqa: F401
