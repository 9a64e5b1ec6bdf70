"""The name of the phone's application is never cut."""

from django.template import Context, Template


def test_the_name_stays_whole_and_the_rest_is_escaped() -> None:
    shown = Template("{% load wording %}{{ text|unbroken }}").render(
        Context({"text": "Ouvrez e-CPS & <lisez>."})
    )
    assert shown == 'Ouvrez <span class="nowrap">e-CPS</span> &amp; &lt;lisez&gt;.'
