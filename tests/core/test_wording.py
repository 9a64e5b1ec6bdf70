"""Names that are never cut, and French written with its own spaces and apostrophes."""

import gettext
import re
from pathlib import Path

from django.conf import settings
from django.template import Context, Template


def test_the_name_stays_whole_and_the_rest_is_escaped() -> None:
    shown = Template("{% load wording %}{{ text|unbroken }}").render(
        Context({"text": "Ouvrez e-CPS & <lisez>."})
    )
    assert shown == 'Ouvrez <span class="nowrap">e-CPS</span> &amp; &lt;lisez&gt;.'


def test_the_name_of_the_page_stays_whole_with_its_quotes() -> None:
    for text, name in {
        "ouvrez « Mon e-CPS ».": "« Mon e-CPS »",
        "open ‘My e-CPS’.": "‘My e-CPS’",
    }.items():
        shown = Template("{% load wording %}{{ text|unbroken }}").render(Context({"text": text}))
        assert f'<span class="nowrap">{name}</span>' in shown


def test_french_is_written_with_its_own_spaces_and_apostrophes() -> None:
    """A space that does not break before these and after «; never the typewriter's apostrophe."""
    typewritten = re.compile(r" [:;!?»](?!\w)|« |\b[cdjlmnst]'[a-zéè]", re.IGNORECASE)
    with (Path(settings.LOCALE_PATHS[0]) / "en/LC_MESSAGES/django.mo").open("rb") as compiled:
        sentences = gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
    french = [key if isinstance(key, str) else key[0] for key in sentences]
    assert len(french) > 400
    assert [sentence for sentence in french if typewritten.search(sentence)] == []
