"""`{% load wording %}`: names that must not be cut at the end of a line."""

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

NAME = "e-CPS"

register = template.Library()


@register.filter
def unbroken(text: str | Promise) -> SafeString:
    """A sentence (text, not HTML) whose "e-CPS" stays on one line."""
    name = format_html('<span class="nowrap">{}</span>', NAME)
    return format_html_join(name, "{}", ((part,) for part in str(text).split(NAME)))
