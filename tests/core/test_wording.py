"""The name of the phone's application is never cut."""

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
