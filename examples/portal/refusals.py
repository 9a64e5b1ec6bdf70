"""What a person reads when a login does not end well: title, what to do. One row a code."""

RETRY = "Revenez à l’accueil et recommencez."

REFUSALS = {
    "access_denied": (
        "Vous avez annulé la connexion",
        "Rien n’a été transmis à ce portail. Vous pouvez recommencer quand vous voulez.",
    ),
    "login_required": (
        "Aucune session n’est ouverte",
        "Identifiez-vous avec votre carte ou votre téléphone.",
    ),
    "interaction_required": (
        "Il faut votre confirmation",
        "Identifiez-vous avec votre carte ou votre téléphone.",
    ),
    "unmet_authentication_requirements": (
        "Ce moyen de connexion ne suffit pas ici",
        "Recommencez avec votre carte, ou avec un téléphone activé par votre carte.",
    ),
    "temporarily_unavailable": (
        "Le service de connexion est momentanément indisponible",
        "Attendez une minute, puis recommencez.",
    ),
    "server_error": (
        "Le service de connexion a rencontré un problème",
        "Attendez une minute, puis recommencez.",
    ),
    "provider_unreachable": (
        "Le service de connexion ne répond pas",
        "Vérifiez que vous êtes relié au réseau, attendez une minute, puis recommencez.",
    ),
    "invalid_grant": (
        "Votre session est terminée",
        "Elle a duré le temps prévu. Identifiez-vous de nouveau.",
    ),
    "invalid_client": (
        "Ce portail n’est pas reconnu",
        "Son identifiant ou son secret est faux : prévenez la personne qui l’administre.",
    ),
    "state_mismatch": (
        "Cette réponse ne correspond à aucune demande",
        "Elle est peut-être trop ancienne, ou déjà utilisée. " + RETRY,
    ),
    "issuer_mismatch": (
        "La réponse vient d’un autre service",
        "Par prudence, elle n’a pas été lue. " + RETRY,
    ),
    "id_token_invalid": (
        "L’identité reçue n’a pas pu être vérifiée",
        "Par prudence, vous n’êtes pas connecté. " + RETRY,
    ),
    "userinfo_invalid": (
        "L’identité reçue n’a pas pu être vérifiée",
        "Par prudence, vous n’êtes pas connecté. " + RETRY,
    ),
    "logout_token_invalid": ("Cette fin de session n’a pas pu être vérifiée", RETRY),
    "form_refused": ("Cette demande ne vient pas de ce portail", RETRY),
    "not_found": ("Cette page n’existe pas", "Revenez à l’accueil."),
}

OTHER = ("La connexion n’a pas abouti", RETRY)

# Not the visitor's doing: the answer says so to machines too.
STATUS = {
    "access_denied": 403,
    "form_refused": 403,
    "not_found": 404,
    "provider_unreachable": 502,
    "server_error": 502,
    "invalid_client": 502,
    "temporarily_unavailable": 503,
}
