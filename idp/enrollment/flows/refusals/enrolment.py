"""Refusals of an activation: what keeps a phone from being enrolled."""

from django.utils.translation import gettext as _

from idp.core.errors import IdpError


def fresh_card_needed() -> IdpError:
    return IdpError(
        "fresh_card_needed",
        _(
            "Identifiez-vous de nouveau avec votre carte CPS : "
            "elle a été lue il y a trop longtemps."
        ),
        status=403,
    )


def enrolment_over(detail: str) -> IdpError:
    """One answer for an unknown, wrong, expired or finished activation."""
    return IdpError(
        "enrolment_over",
        _(
            "Ce code d’activation n’est pas reconnu ou n’est plus valable. "
            "Affichez-en un nouveau sur votre ordinateur."
        ),
        detail=detail,
        status=410,
    )


def already_claimed() -> IdpError:
    return IdpError(
        "already_claimed",
        _(
            "Ce code a déjà servi. Si ce n’était pas sur ce téléphone, annulez l’activation "
            "sur votre ordinateur et recommencez."
        ),
        status=409,
    )


def keys_refused(detail: str) -> IdpError:
    return IdpError(
        "keys_refused",
        _("Ce téléphone n’a pas pu terminer l’activation. Recommencez-la."),
        detail=detail,
        status=400,
    )


def key_reused() -> IdpError:
    return IdpError(
        "key_reused",
        _("Cette activation a déjà servi. Commencez-en une nouvelle."),
        status=409,
    )


def other_card() -> IdpError:
    return IdpError(
        "other_card",
        _(
            "Cette carte n’est pas celle de la personne qui active ce téléphone. "
            "Rien n’a été activé."
        ),
        status=403,
    )


def wrong_fingerprint() -> IdpError:
    return IdpError(
        "wrong_fingerprint",
        _(
            "Les chiffres ne correspondent pas à ceux du téléphone. Par sécurité, "
            "l’activation est annulée."
        ),
        status=409,
    )


def fingerprint_malformed() -> IdpError:
    return IdpError(
        "fingerprint_malformed",
        _("Saisissez les six chiffres affichés par le téléphone."),
        status=400,
    )


def too_many_devices() -> IdpError:
    return IdpError(
        "too_many_devices",
        _("Vous avez déjà le nombre maximal de téléphones actifs. Retirez-en un, puis confirmez."),
        status=409,
    )
