"""Refusals of a request, of the code that is read, and of what stands in for a phone."""

from django.utils.translation import gettext as _

from idp.core.errors import IdpError


def unknown_request() -> IdpError:
    return IdpError(
        "unknown_request", _("Cette demande n’existe pas ou n’existe plus."), status=404
    )


def request_over(detail: str) -> IdpError:
    return IdpError(
        "request_over",
        _("Cette demande est terminée. Recommencez sur votre ordinateur."),
        detail=detail,
        status=410,
    )


def wrong_number() -> IdpError:
    return IdpError(
        "wrong_number",
        _(
            "Ce n’est pas le nombre affiché à l’écran. Par sécurité, la demande est terminée : "
            "recommencez sur votre ordinateur."
        ),
        status=409,
    )


def scan_over(detail: str) -> IdpError:
    """One answer for a code that is old, altered, unknown, or of a login that is over."""
    return IdpError(
        "scan_over",
        _("Ce code n’est plus celui de l’écran. Visez de nouveau l’écran de l’ordinateur."),
        detail=detail,
        status=410,
    )


def scan_taken() -> IdpError:
    return IdpError(
        "scan_taken",
        _(
            "Un autre téléphone a déjà lu ce code. Si ce n’est pas le vôtre, recommencez la "
            "connexion sur l’ordinateur."
        ),
        status=409,
    )


def browser_reported() -> IdpError:
    return IdpError(
        "browser_reported",
        _(
            "Vous avez signalé que quelqu’un d’autre se servait de cet écran. Il ne peut pas être "
            "approuvé pendant un jour : utilisez-en un autre, ou votre carte."
        ),
        status=403,
    )


def answer_first() -> IdpError:
    return IdpError(
        "answer_first",
        _("Une autre demande attend votre réponse. Répondez-y, puis visez de nouveau l’écran."),
        status=409,
    )


def passkey_refused(detail: str) -> IdpError:
    """One answer for an unknown, revoked or wrong passkey."""
    return IdpError(
        "passkey_refused",
        _(
            "Cette clé d’accès n’est pas reconnue. Scannez plutôt le code avec l’application "
            "e-CPS, ou utilisez votre carte."
        ),
        detail=detail,
        status=403,
    )


def not_known_here() -> IdpError:
    return IdpError(
        "not_known_here",
        _(
            "Cette personne ne s’est pas encore connectée depuis ce navigateur. Scannez le code "
            "avec votre téléphone ; la prochaine fois, l’identifiant suffira."
        ),
        status=403,
    )


def challenge_needed() -> IdpError:
    return IdpError("challenge_needed", _("Saisissez de nouveau le nombre affiché."), status=409)


def bad_signature() -> IdpError:
    return IdpError(
        "bad_signature",
        _("Ce téléphone n’a pas été reconnu. Recommencez sur votre ordinateur."),
        status=403,
    )


def proof_refused(detail: str) -> IdpError:
    return IdpError(
        "proof_refused",
        _("La vérification sur ce téléphone n’est pas acceptée. La demande est terminée."),
        detail=detail,
        status=403,
    )


def phone_on_probation() -> IdpError:
    return IdpError(
        "phone_on_probation",
        _(
            "Ce portail n’accepte pas encore ce téléphone : il a été activé trop récemment. "
            "Pour cette connexion, utilisez votre carte CPS."
        ),
        status=403,
    )


def phone_not_accepted() -> IdpError:
    return IdpError(
        "phone_not_accepted",
        _(
            "Ce portail demande un moyen plus sûr que ce téléphone. "
            "Pour cette connexion, utilisez votre carte CPS."
        ),
        status=403,
    )


def offline_code(detail: str) -> IdpError:
    """One answer for an unknown person, no phone, a wrong, used or locked code."""
    return IdpError(
        "offline_code_refused",
        _(
            "Identifiant ou code non reconnu. Attendez le code suivant, ou choisissez un autre "
            "moyen : après cinq codes faux, aucun n’est accepté pendant un quart d’heure."
        ),
        detail=detail,
        status=403,
    )


def offline_codes_used_up() -> IdpError:
    return IdpError(
        "offline_codes_used_up",
        _(
            "Vous avez utilisé vingt codes hors connexion en un mois. "
            "Connectez-vous avec votre carte, ou en approuvant sur le téléphone."
        ),
        status=403,
    )


def offline_codes_off() -> IdpError:
    return IdpError(
        "offline_codes_off", _("Les codes hors connexion ne sont pas acceptés ici."), status=403
    )


def method_not_allowed_here() -> IdpError:
    return IdpError(
        "unmet_authentication_requirements",
        _("Ce portail demande un autre moyen de connexion."),
        status=403,
    )
