"""Form fields read as Django's own templates write them, byte for byte."""

from datetime import date

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from flipdash.widgets import Renderer

HOSTILE = """<b>"Ucok" & 'Co'</b>"""
CHOICES = [("", "All"), ("a&b", HOSTILE), (3, gettext_lazy("Search")), ("Group", [("g<1", "One"), ("g2", "Two")])]
FLAT = [choice for choice in CHOICES if isinstance(choice[1], str) or choice[0] != "Group"]


class EveryField(forms.Form):
    """Each kind of field that a page of ours has."""

    text = forms.CharField(widget=forms.TextInput(attrs={"class": HOSTILE, "data-x": 7, "hidden": False}))
    safe = forms.CharField(widget=forms.TextInput(attrs={"title": mark_safe("&amp;"), "autofocus": True}))
    number = forms.IntegerField(min_value=1)
    email = forms.EmailField(required=False)
    url = forms.URLField(assume_scheme="https")
    password = forms.CharField(widget=forms.PasswordInput(render_value=True))
    hidden = forms.CharField(widget=forms.HiddenInput)
    search = forms.CharField(widget=forms.TextInput(attrs={"type": "search"}))
    day = forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    box = forms.BooleanField(help_text="Once")
    one = forms.ChoiceField(choices=CHOICES)
    several = forms.MultipleChoiceField(choices=CHOICES)
    boxes = forms.MultipleChoiceField(choices=FLAT, widget=forms.CheckboxSelectMultiple)
    radios = forms.ChoiceField(choices=FLAT, widget=forms.RadioSelect(attrs={"class": "x"}))
    long = forms.CharField(widget=forms.Textarea)
    file = forms.FileField()


FILLED = {
    **dict.fromkeys(EveryField.base_fields, HOSTILE),
    "number": 1_234_567,
    "day": date(2026, 11, 30),
    "box": True,
    "one": "a&b",
    "several": ["3", "g2"],
    "boxes": ["a&b", "3"],
    "radios": 3,
}


@pytest.mark.parametrize("how", [{}, {"initial": FILLED}, {"data": FILLED}, {"auto_id": False}, {"data": {}}])
@pytest.mark.parametrize("name", EveryField.base_fields)
def test_a_field_reads_as_djangos_template_writes_it(name, how):
    ours = EveryField(**how, renderer=Renderer())[name]
    theirs = EveryField(**how, renderer=DjangoTemplates())[name]
    assert str(ours) == str(theirs)
    assert [str(part) for part in ours.subwidgets] == [str(part) for part in theirs.subwidgets]


def test_what_a_person_typed_is_escaped():
    written = str(EveryField(data=FILLED, renderer=Renderer())["text"])
    assert "<b>" not in written
    assert "&lt;b&gt;" in written
