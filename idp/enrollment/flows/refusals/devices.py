"""Refusals of what a phone or its holder asks about the phone, and of its proofs."""

from django.utils.translation import gettext as _

from idp.core.errors import IdpError
from idp.enrollment.flows.refusals.with_number import PhoneRefusalError


def unknown_device(detail: str) -> IdpError:
    return IdpError(
        "unknown_device",
        _("Ce téléphone n’est pas ou n’est plus activé. Activez-le de nouveau avec votre carte."),
        detail=detail,
        status=401,
    )


def no_such_device() -> IdpError:
    return IdpError(
        "no_such_device",
        _("Ce téléphone n’est pas ou n’est plus dans votre liste."),
        status=404,
    )


def no_receipt() -> IdpError:
    return IdpError(
        "no_receipt", _("Aucun de vos téléphones n’a signé cette opération."), status=404
    )


def label_empty() -> IdpError:
    return IdpError("label_empty", _("Donnez un nom à ce téléphone."))


def phone_too_new() -> IdpError:
    return IdpError(
        "phone_too_new",
        _(
            "Ce téléphone a été activé trop récemment pour en retirer un autre. "
            "Retirez-le sur la page « Mon e-CPS » d’un ordinateur, avec votre carte."
        ),
        status=403,
    )


def push_service_unknown() -> IdpError:
    return IdpError(
        "push_service_unknown",
        _("Le service de notification de ce navigateur n’est pas accepté ici."),
        status=400,
    )


def push_keys_refused() -> IdpError:
    return IdpError(
        "push_keys_refused",
        _("Les notifications n’ont pas pu être activées. Réessayez."),
        detail="p256dh",
        status=400,
    )


def invalid_proof(detail: str) -> IdpError:
    return IdpError(
        "invalid_dpop_proof",
        _("La demande du téléphone n’a pas pu être vérifiée. Rouvrez l’application."),
        detail=detail,
        status=401,
    )


def stale_nonce() -> IdpError:
    return IdpError(
        "use_dpop_nonce", _("La demande a trop attendu. Une nouvelle est envoyée."), status=401
    )


def device_not_active(state: str) -> IdpError:
    return IdpError(
        "device_not_active",
        _("Ce téléphone ne peut pas approuver pour l’instant."),
        detail=state,
        status=403,
    )


def device_suspended(detail: str) -> IdpError:
    return IdpError(
        "device_suspended",
        _(
            "Par sécurité, ce téléphone est suspendu : il semble en exister une copie. "
            "Activez-le de nouveau avec votre carte."
        ),
        detail=detail,
        status=423,
    )


def device_failing(detail: str) -> IdpError:
    return IdpError(
        "device_suspended",
        _(
            "Trop de vérifications ont échoué : par sécurité, ce téléphone est suspendu. "
            "Activez-le de nouveau avec votre carte."
        ),
        detail=detail,
        status=423,
    )


def device_blocked() -> IdpError:
    return PhoneRefusalError(
        "device_blocked",
        _("Trois codes faux : ce téléphone est bloqué. Activez-le de nouveau avec votre carte."),
        status=423,
        tries_left=0,
    )


def wrong_pin(tries_left: int) -> IdpError:
    return PhoneRefusalError(
        "wrong_pin", _("Ce code n’est pas le bon."), status=403, tries_left=tries_left
    )
