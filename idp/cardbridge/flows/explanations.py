"""What each refusal says to the person: what happened, what to do now. One row per code."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from idp.cardbridge.rules.refusals import BridgeCode, CardCode, CardRefusedError
from idp.core.dates import spoken_day
from idp.core.errors import IdpError

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`dated` says the same with the day, where the day is known. `can_retry`: with this card."""

    title: Text
    description: Text
    next_step: Text
    dated: Text = ""
    can_retry: bool = True


_OTHER_MEANS = _("Choisissez un autre moyen de connexion.")
_TRY_AGAIN = _("Recommencez. Si cela se reproduit, choisissez un autre moyen de connexion.")
_TO_SUPPORT = _(
    "Recommencez. Si cela se reproduit, donnez la référence ci-dessous à l’assistance du portail."
)
_NEW_CARD = _(
    "Si vous avez reçu votre nouvelle carte, insérez-la et réessayez. Sinon, demandez-la à CPS "
    "Info Service (Agence du numérique en santé) ou à votre Ordre, et choisissez un autre moyen de "
    "connexion."
)

EXPLANATIONS: dict[str, Explanation] = {
    # --- what the workstation reports
    BridgeCode.NO_BRIDGE: Explanation(
        title=_("Le lecteur de carte ne répond pas"),
        description=_(
            "Le programme qui relie le lecteur de carte à cette page n’est pas démarré sur cet "
            "ordinateur, ou n’y est pas installé."
        ),
        next_step=_(
            "Démarrez-le, puis réessayez. S’il n’est pas installé, votre service informatique peut "
            "le faire ; en attendant, choisissez un autre moyen de connexion."
        ),
    ),
    BridgeCode.PERMISSION_DENIED: Explanation(
        title=_("Le navigateur bloque le lecteur de carte"),
        description=_(
            "Votre navigateur n’autorise pas ce site à joindre les appareils de cet ordinateur."
        ),
        next_step=_(
            "Ouvrez les réglages du site, à gauche de l’adresse, autorisez l’accès aux "
            "applications de cet appareil, puis réessayez."
        ),
    ),
    BridgeCode.BRIDGE_LOST: Explanation(
        title=_("La liaison avec le lecteur s’est interrompue"),
        description=_("Le programme du lecteur de carte s’est arrêté pendant la connexion."),
        next_step=_TRY_AGAIN,
    ),
    BridgeCode.CODE_MISMATCH: Explanation(
        title=_("Les numéros ne correspondent pas"),
        description=_(
            "Le lecteur de carte ne répond pas à cette page. Ne composez pas votre code dans une "
            "fenêtre qui affiche un autre numéro."
        ),
        next_step=_TO_SUPPORT,
    ),
    BridgeCode.ORIGIN_REFUSED: Explanation(
        title=_("Ce site n’est pas autorisé sur cet ordinateur"),
        description=_(
            "Le programme du lecteur de carte n’accepte que les sites que votre service "
            "informatique a inscrits. Celui-ci n’y est pas."
        ),
        next_step=_(
            "Demandez à votre service informatique d’inscrire ce site, ou choisissez un autre "
            "moyen de connexion."
        ),
    ),
    BridgeCode.CARD_ABSENT: Explanation(
        title=_("Aucune carte dans le lecteur"),
        description=_("La carte n’a pas été insérée à temps."),
        next_step=_("Insérez votre carte, puce vers le lecteur, puis réessayez."),
    ),
    BridgeCode.CARD_REMOVED: Explanation(
        title=_("La carte a été retirée"),
        description=_("La carte doit rester dans le lecteur jusqu’à la fin de la connexion."),
        next_step=_("Remettez votre carte, puis réessayez."),
    ),
    BridgeCode.CARD_ERROR: Explanation(
        title=_("La carte ne répond pas correctement"),
        description=_("Le lecteur n’a pas pu lire la carte jusqu’au bout."),
        next_step=_(
            "Retirez la carte, essuyez la puce, remettez-la et réessayez. Si cela se reproduit, "
            "adressez-vous à CPS Info Service."
        ),
    ),
    BridgeCode.NO_READER: Explanation(
        title=_("Aucun lecteur de carte"),
        description=_("Cet ordinateur ne voit pas de lecteur de carte."),
        next_step=_("Branchez le lecteur, attendez quelques secondes, puis réessayez."),
    ),
    BridgeCode.NO_MODULE: Explanation(
        title=_("Le logiciel de la carte manque"),
        description=_("La Cryptolib CPS n’est pas installée sur cet ordinateur."),
        next_step=_(
            "Demandez à votre service informatique de l’installer, ou choisissez un autre moyen "
            "de connexion."
        ),
    ),
    BridgeCode.NO_AUTH_CERTIFICATE: Explanation(
        title=_("Cette carte ne permet pas de se connecter"),
        description=_("Elle ne contient pas ce qu’il faut pour vous identifier."),
        next_step=_("Insérez votre carte CPS, ou choisissez un autre moyen de connexion."),
    ),
    BridgeCode.UNSUPPORTED_KEY: Explanation(
        title=_("Cette carte est d’un modèle trop ancien"),
        description=_("Sa puce n’offre plus une sécurité suffisante."),
        next_step=_NEW_CARD,
    ),
    BridgeCode.PIN_INCORRECT: Explanation(
        title=_("Code incorrect"),
        description=_("Le code composé n’est pas celui de cette carte."),
        next_step=_("Réessayez. Après trois codes faux à la suite, la carte se bloque."),
    ),
    BridgeCode.PIN_FINAL_TRY: Explanation(
        title=_("Code incorrect : il reste un seul essai"),
        description=_("Au prochain code faux, la carte se bloque."),
        next_step=_(
            "Réessayez seulement si vous connaissez bien votre code. Sinon, choisissez un autre "
            "moyen de connexion et retrouvez le courrier qui donne votre code."
        ),
    ),
    BridgeCode.PIN_LOCKED: Explanation(
        title=_("Votre carte est bloquée"),
        description=_(
            "Trois codes faux ont été composés à la suite. La carte se débloque avec le code de "
            "déblocage à 8 chiffres, donné dans le même courrier que votre code porteur."
        ),
        next_step=_(
            "Débloquez-la avec le logiciel CPS-Gestion de cet ordinateur, ou à votre CPAM avec la "
            "carte et ses codes. Courrier perdu : CPS Info Service vous le renvoie. En attendant, "
            "choisissez un autre moyen de connexion."
        ),
        can_retry=False,
    ),
    BridgeCode.USER_CANCELLED: Explanation(
        title=_("Vous avez annulé"),
        description=_("Le code n’a pas été composé. Votre carte n’a rien transmis."),
        next_step=_("Réessayez quand vous voulez, ou choisissez un autre moyen de connexion."),
    ),
    BridgeCode.TIMEOUT: Explanation(
        title=_("Le temps est écoulé"),
        description=_("Nous avons attendu trop longtemps la carte ou le code."),
        next_step=_("Préparez votre carte, puis réessayez."),
    ),
    BridgeCode.BUSY: Explanation(
        title=_("Le lecteur est déjà occupé"),
        description=_("Une autre page ou un autre logiciel attend votre code en ce moment."),
        next_step=_("Terminez ou fermez l’autre demande, puis réessayez."),
    ),
    # --- what the card's answer shows
    CardCode.CHALLENGE_OVER: Explanation(
        title=_("Cette demande n’est plus valable"),
        description=_("Elle a expiré, ou une autre page l’a remplacée."),
        next_step=_("Réessayez sur cette page."),
    ),
    CardCode.CARD_EXPIRED: Explanation(
        title=_("Votre carte a expiré"),
        description=_("Sa date de validité est passée."),
        dated=_("Elle était valable jusqu’au {day}."),
        next_step=_NEW_CARD,
    ),
    CardCode.CARD_NOT_YET_VALID: Explanation(
        title=_("Votre carte n’est pas encore valable"),
        description=_("Sa période de validité n’a pas commencé."),
        dated=_("Elle sera valable à partir du {day}."),
        next_step=_OTHER_MEANS,
        can_retry=False,
    ),
    CardCode.CARD_REVOKED: Explanation(
        title=_("Cette carte est en opposition"),
        description=_(
            "Elle a été déclarée perdue, volée ou remplacée, et ne permet plus de se connecter."
        ),
        dated=_(
            "Elle est en opposition depuis le {day} : déclarée perdue, volée ou remplacée, elle ne "
            "permet plus de se connecter."
        ),
        next_step=_NEW_CARD,
    ),
    CardCode.REVOCATION_UNKNOWN: Explanation(
        title=_("Votre carte ne peut pas être vérifiée en ce moment"),
        description=_(
            "Nous ne savons pas si elle est en opposition : la liste officielle ne nous parvient "
            "pas. Votre carte n’est pas en cause."
        ),
        next_step=_("Réessayez dans quelques minutes, ou choisissez un autre moyen de connexion."),
    ),
    CardCode.SERVICE_CARD: Explanation(
        title=_("Cette carte ne désigne pas une personne"),
        description=_(
            "C’est une carte de service (CPE) : elle ne porte ni nom ni prénom et ne peut pas "
            "identifier un professionnel."
        ),
        next_step=_("Insérez votre carte CPS, ou choisissez un autre moyen de connexion."),
    ),
    CardCode.CARD_TYPE_REFUSED: Explanation(
        title=_("Les cartes de ce type ne sont pas acceptées ici"),
        description=_("Ce service n’accepte pas la connexion avec cette sorte de carte."),
        next_step=_("Insérez votre carte CPS, ou choisissez un autre moyen de connexion."),
    ),
    CardCode.SIGNATURE_CERTIFICATE: Explanation(
        title=_("Cette carte ne permet pas de se connecter"),
        description=_(
            "Elle ne présente que de quoi signer des documents, ce qui ne suffit pas pour vous "
            "identifier."
        ),
        next_step=_TO_SUPPORT,
    ),
    CardCode.SOFTWARE_CERTIFICATE: Explanation(
        title=_("Ce n’est pas une carte"),
        description=_("Ce qui a été présenté vient d’un fichier, et non de la puce d’une carte."),
        next_step=_("Insérez votre carte CPS, ou choisissez un autre moyen de connexion."),
    ),
    CardCode.NOT_A_CARD: Explanation(
        title=_("Ce n’est pas une carte de professionnel"),
        description=_("Ce qui est dans le lecteur ne porte pas de numéro de carte CPS."),
        next_step=_("Insérez votre carte CPS, ou choisissez un autre moyen de connexion."),
    ),
    CardCode.TEST_CARD: Explanation(
        title=_("C’est une carte de test"),
        description=_("Les cartes de test ne sont pas acceptées sur ce service."),
        next_step=_("Insérez votre carte CPS."),
    ),
    CardCode.UNKNOWN_ISSUER: Explanation(
        title=_("Cette carte n’est pas reconnue"),
        description=_("Elle n’a pas été émise par une autorité que ce service connaît."),
        next_step=_TO_SUPPORT,
    ),
    CardCode.POLICY_REFUSED: Explanation(
        title=_("Cette carte n’est pas acceptée ici"),
        description=_(
            "Elle a été émise pour un autre usage que la connexion à ce service. Elle n’est ni "
            "bloquée ni abîmée."
        ),
        next_step=_(
            "Insérez votre carte CPS, ou choisissez un autre moyen de connexion. Si c’est bien "
            "elle qui est refusée, donnez la référence ci-dessous à l’assistance du portail."
        ),
    ),
    CardCode.IDENTITY_UNREADABLE: Explanation(
        title=_("L’identité portée par la carte est illisible"),
        description=_("Le numéro du professionnel n’a pas la forme attendue."),
        next_step=_(
            "Donnez la référence ci-dessous à l’assistance du portail, et choisissez un autre "
            "moyen de connexion."
        ),
    ),
    CardCode.PROFESSIONAL_UNKNOWN: Explanation(
        title=_("Votre carte est bonne, mais nous ne vous connaissons pas encore"),
        description=_(
            "Votre numéro ne figure pas dans l’annuaire de ce service. Il y entre d’ordinaire le "
            "lendemain de l’inscription à l’Ordre."
        ),
        next_step=_(
            "Donnez la référence ci-dessous à l’assistance du portail, qui vous fera entrer dans "
            "l’annuaire."
        ),
    ),
}

# Everything else is a fault between programs, which no person can mend otherwise.
UNEXPECTED = Explanation(
    title=_("La connexion n’a pas pu aboutir"),
    description=_("La réponse du lecteur de carte n’a pas pu être acceptée."),
    next_step=_TO_SUPPORT,
)
# Refusals of other areas that a page may meet while it talks to us.
OTHERS: dict[str, Explanation] = {
    "attempt_over": Explanation(
        title=_("Cette demande de connexion est terminée"),
        description="",
        next_step=_("Revenez au portail et recommencez."),
        can_retry=False,
    ),
    "too_many_requests": Explanation(
        title=_("Trop d’essais en peu de temps"),
        description="",
        next_step=_("Patientez quelques minutes, puis recommencez."),
        can_retry=False,
    ),
    "unmet_authentication_requirements": Explanation(
        title=_("Ce portail demande un autre moyen"),
        description="",
        next_step=_OTHER_MEANS,
        can_retry=False,
    ),
}


def explanation_of(code: str) -> Explanation:
    """The row of this code; of an unexpected one, the row that fits all."""
    return EXPLANATIONS.get(code) or OTHERS.get(code) or UNEXPECTED


def explained(error: CardRefusedError) -> IdpError:
    """The same refusal with the sentence for the person."""
    row = explanation_of(error.code)
    if error.on and row.dated:
        # The sentence is completed after translation, so that its order may differ.
        description = str(row.dated).format(day=spoken_day(error.on))
    else:
        description = str(row.description)
    return IdpError(error.code, description, detail=error.detail, status=error.status)
