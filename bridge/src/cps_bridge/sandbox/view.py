"""Turns the sandbox reader's state into the page's pieces; the only place of its French text."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from cps_bridge.errors import Code
from cps_bridge.prompts.wording import CONFIRM_LAST_TRY, LAST_TRY, LOW_TRIES
from cps_bridge.reader import Tries
from cps_bridge.sandbox.cards import Imprint, TestCard
from cps_bridge.sandbox.pad import Question
from cps_bridge.sandbox.reader import SIGNED
from cps_bridge.sandbox.state import MAX_TRIES

TEMPLATES = Path(__file__).with_name("templates")
TITLE = "Lecteur de cartes de test"
_OUTCOMES = {
    SIGNED: ("success", "La carte a répondu. Retournez à la page de connexion."),
    Code.PIN_INCORRECT: ("warning", "Code faux. La page de connexion propose de recommencer."),
    Code.USER_CANCELLED: ("info", "Demande annulée. La carte n’a rien signé."),
    Code.CARD_REMOVED: ("warning", "Carte retirée pendant la demande : rien n’a été signé."),
    Code.CARD_ABSENT: ("info", "Aucune carte n’a été insérée à temps."),
    Code.TIMEOUT: ("info", "Le code n’a pas été tapé à temps. La carte n’a rien signé."),
    Code.NO_AUTH_CERTIFICATE: (
        "warning",
        "Cette carte ne permet pas de se connecter : elle sert seulement à signer.",
    ),
    Code.UNSUPPORTED_KEY: ("warning", "Cette carte porte une clé qui n’est pas admise."),
    Code.CARD_ERROR: ("danger", "La carte n’a pas pu répondre."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything the page shows at one moment."""

    cards: Mapping[str, TestCard]
    tries: Mapping[str, int]
    inserted: str | None
    is_asked: bool
    outcome: str | None
    question: Question | None


def render_page(scene: Scene, *, csrf: str) -> str:
    """Return the whole document."""
    pieces = render_pieces(scene, csrf=csrf)
    return _fill("page.html", csrf=csrf, **pieces)


def render_pieces(scene: Scene, *, csrf: str) -> dict[str, str]:
    """Return the title and the HTML of each piece that the page replaces when it changes."""
    return {
        "title": escape(_title(scene)),
        "screen": _screen(scene),
        "pin": _pin(scene, csrf=csrf),
        "slot": _slot(scene, csrf=csrf),
        "tray": "".join(_tray_card(card, scene, csrf=csrf) for card in scene.cards.values()),
    }


def _fill(template: str, **values: str) -> str:
    return Template((TEMPLATES / template).read_text("utf-8")).substitute(values)


def _title(scene: Scene) -> str:
    if scene.question is not None:
        return f"● Code demandé · {TITLE}"
    return f"● Carte attendue · {TITLE}" if _is_awaited(scene) else TITLE


def _is_awaited(scene: Scene) -> bool:
    return scene.is_asked and scene.inserted is None


def _screen(scene: Scene) -> str:
    """Return what the reader's little screen says: one line in large, one in small."""
    if scene.question is not None:
        request = scene.question.request
        return _fill("request.html", origin=escape(request.origin), code=escape(request.code))
    if _is_awaited(scene):
        return _lines("Insérez une carte", "Une page de connexion l’attend.", mark="awaited")
    if scene.inserted is None:
        return _lines("Prêt", "Insérez une carte.") + _outcome(scene)
    if scene.tries[scene.inserted] == 0:
        return _lines("Carte bloquée", "Trois codes faux de suite.", mark="blocked")
    return _lines("Carte en place", "Elle attend qu’une page la demande.") + _outcome(scene)


def _lines(large: str, small: str, *, mark: str = "calm") -> str:
    return (
        f'<p class="screen__large screen__large--{mark}">{escape(large)}</p>'
        f'<p class="screen__small">{escape(small)}</p>'
    )


def _outcome(scene: Scene) -> str:
    if scene.outcome is None or scene.outcome not in _OUTCOMES:
        return ""
    kind, text = _OUTCOMES[scene.outcome]
    return f'<p class="outcome outcome--{kind}">{escape(text)}</p>'


def _pin(scene: Scene, *, csrf: str) -> str:
    """Return the pad while a PIN is asked, nothing otherwise."""
    question = scene.question
    if question is None or scene.inserted is None:
        return ""
    request = question.request
    is_final = request.tries is Tries.FINAL
    keys = "".join(
        f'<button class="key" type="button" id="pin-{digit}" data-digit="{digit}">{digit}</button>'
        for digit in "1234567890"
    )
    return _fill(
        "pin.html",
        csrf=csrf,
        question=escape(question.id),
        warning=_notices(request.notice, LAST_TRY if is_final else _low_warning(request.tries)),
        confirm=_fill("confirm.html", text=escape(CONFIRM_LAST_TRY)) if is_final else "",
        keys=keys,
        pin=escape(scene.cards[scene.inserted].imprint.pin),
    )


def _low_warning(tries: Tries) -> str:
    return LOW_TRIES if tries is Tries.LOW else ""


def _notices(*texts: str) -> str:
    return "".join(
        f'<p class="notice notice--warning">{escape(text)}</p>' for text in texts if text
    )


def _slot(scene: Scene, *, csrf: str) -> str:
    """Return the card that sits in the slot, with its way out, and the cure when it is blocked."""
    if scene.inserted is None:
        return '<p class="slot__empty">La fente est vide.</p>'
    card_id = scene.inserted
    imprint = scene.cards[card_id].imprint
    left = scene.tries[card_id]
    return _fill(
        "slot.html",
        csrf=csrf,
        label=escape(imprint.label),
        profession=escape(imprint.profession),
        kind=escape(imprint.kind),
        tries=f"{left} sur {MAX_TRIES}",
        reset=_reset(imprint, left, csrf=csrf),
        blocked=_fill("blocked.html") if left == 0 else "",
    )


def _tray_card(card: TestCard, scene: Scene, *, csrf: str) -> str:
    imprint = card.imprint
    is_inserted = imprint.id == scene.inserted
    left = scene.tries[imprint.id]
    return _fill(
        "card.html",
        csrf=csrf,
        id=escape(imprint.id),
        state="disabled" if is_inserted else "",
        kind=escape(imprint.kind),
        kind_class=imprint.kind.lower() if imprint.kind in {"CPS", "CPF", "CPE"} else "other",
        label=escape(imprint.label),
        profession=escape(imprint.profession),
        number=escape(imprint.number or "sans numéro"),
        pin=escape(imprint.pin),
        tag='<span class="tag">bloquée</span>' if left == 0 else "",
        hint=escape(imprint.hint),
        action="Dans le lecteur" if is_inserted else "Insérer",
        reset="" if is_inserted else _reset(imprint, left, csrf=csrf),
    )


def _reset(imprint: Imprint, left: int, *, csrf: str) -> str:
    if left == MAX_TRIES:
        return ""
    return _fill("reset.html", csrf=csrf, id=escape(imprint.id), label=escape(imprint.label))
