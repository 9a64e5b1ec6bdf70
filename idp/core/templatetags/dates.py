"""`{% load dates %}`: the filter of days that every template uses."""

from django import template

from idp.core.dates import spoken_day

register = template.Library()
register.filter("day", spoken_day)
