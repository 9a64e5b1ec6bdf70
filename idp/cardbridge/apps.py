from django.apps import AppConfig
from django.core.checks import register


class CardBridgeConfig(AppConfig):
    name = "idp.cardbridge"
    label = "cardbridge"
    verbose_name = "Connexion par carte"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from idp.cardbridge import checks  # models are loaded only now

        register(checks.no_test_authority_in_production)
        register(checks.card_policies_are_said)
        register(checks.revocation_news_are_present)
