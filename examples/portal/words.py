"""Codes into words, for the few codes this demonstration needs; (masculine, feminine) for titles.

A real portal imports the national tables (NOS) of the Agence du numérique en santé instead.
"""

PROFESSIONS = {
    "10": ("médecin", "médecin"),
    "21": ("pharmacien", "pharmacienne"),
    "26": ("audioprothésiste", "audioprothésiste"),
    "28": ("opticien", "opticienne"),
    "40": ("chirurgien-dentiste", "chirurgienne-dentiste"),
    "50": ("sage-femme", "sage-femme"),
    "60": ("infirmier", "infirmière"),
    "70": ("kinésithérapeute", "kinésithérapeute"),
    "80": ("pédicure-podologue", "pédicure-podologue"),
    "91": ("orthophoniste", "orthophoniste"),
    "92": ("orthoptiste", "orthoptiste"),
    "93": ("psychologue", "psychologue"),
    "94": ("ergothérapeute", "ergothérapeute"),
    "95": ("diététicien", "diététicienne"),
    "96": ("psychomotricien", "psychomotricienne"),
}

STUDIES = {"10": "médecine", "21": "pharmacie", "40": "odontologie", "50": "maïeutique"}

SPECIALITIES = {
    "SM02": ("anesthésiste-réanimateur", "anesthésiste-réanimatrice"),
    "SM04": ("cardiologue", "cardiologue"),
    "SM26": ("médecin généraliste", "médecin généraliste"),
    "SM53": ("médecin généraliste", "médecin généraliste"),
    "SM54": ("médecin généraliste", "médecin généraliste"),
    "SM59": ("médecin urgentiste", "médecin urgentiste"),
    "SM62": ("endocrinologue", "endocrinologue"),
    "SCD01": ("orthodontiste", "orthodontiste"),
    "SI01": ("infirmier en pratique avancée", "infirmière en pratique avancée"),
}

SECTORS = {
    "SA01": "hôpital public",
    "SA02": "hôpital des armées",
    "SA04": "établissement privé",
    "SA05": "centre de santé",
    "SA07": "cabinet individuel",
    "SA08": "cabinet de groupe",
    "SA33": "pharmacie d’officine",
    "SA52": "maison de santé",
}

MODES = {"L": "libéral", "S": "salarié", "B": "bénévole"}

WAYS = {
    "ALL": "allée",
    "AV": "avenue",
    "BD": "boulevard",
    "CHE": "chemin",
    "CRS": "cours",
    "IMP": "impasse",
    "PL": "place",
    "QU": "quai",
    "QUAI": "quai",
    "R": "rue",
    "RTE": "route",
    "SQ": "square",
}

REPETITIONS = {"B": "bis", "T": "ter", "Q": "quater"}

MEANS = {"CARD": "carte CPS", "MOBILE": "téléphone (e-CPS)"}

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
