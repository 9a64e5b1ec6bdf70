"""`{% load wording %}`: names that must not be cut at the end of a line."""

import re

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# A capture group: `re.split` then keeps what it finds.
NAMES = re.compile(r"((?:«\s)?Mon e-CPS(?:\s»)?|‘?My e-CPS’?|e-CPS)")

register = template.Library()


@register.filter
def unbroken(text: str | Promise) -> SafeString:
    """A sentence (text, not HTML) whose "e-CPS" and « Mon e-CPS » stay on one line."""
    pieces = NAMES.split(str(text))
    return format_html_join(
        "", "{}", ((_piece(place, piece),) for place, piece in enumerate(pieces))
    )


def _piece(place: int, piece: str) -> str:
    """Every second piece of the split is a name."""
    return format_html('<span class="nowrap">{}</span>', piece) if place % 2 else piece
