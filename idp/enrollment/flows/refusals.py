"""Every refusal of the e-CPS, with its sentence. Flows raise them; pages and API render them."""

from django.utils.translation import gettext as _

from idp.core.errors import IdpError


class PhoneRefusalError(IdpError):
    """A refusal that also tells the phone a number: `extra` goes into the problem document."""

    extra: dict[str, int]

    def __init__(
        self, code: str, description: str, *, detail: str = "", status: int = 400, **extra: int
    ) -> None:
        super().__init__(code, description, detail=detail, status=status)
        self.extra = extra


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
