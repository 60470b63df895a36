"""{% keep %}: what is kept depends on the named values alone."""

from datetime import UTC, date, datetime

import pytest
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import mark_safe

from accounts.models import Business
from flipdash import mode
from flipdash.templatetags import kept


def rendered(page: Template, **values) -> str:
    return page.render(Context(values))


def test_what_is_inside_is_made_once_for_each_value():
    page = Template("{% keep name=who %}{{ name }}, {{ say }}{% endkeep %}")
    assert [rendered(page, who=who, say="hello") for who in ("Siti", "Budi", "Siti")] == ["Siti, ", "Budi, ", "Siti, "]


def test_it_sees_nothing_but_what_is_named():
    request = RequestFactory().get("/?q=secret")
    page = Template("{% keep one=1 %}{{ request.GET.q }}{{ csrf_token }}{{ scope }}{% csrf_token %}|{% endkeep %}")
    assert page.render(RequestContext(request, {"scope": "a scope"})) == "|"


@pytest.mark.parametrize(
    "value", [Business(name="Kopi"), [1], {"a": 1}, datetime.now(UTC), (Business(),), (mark_safe("<b>"),), object()]
)
def test_a_value_that_could_hold_rows_is_refused(value):
    with pytest.raises(TypeError, match="plain values, and it is a"):
        rendered(Template("{% keep it=value %}x{% endkeep %}"), value=value)


@pytest.mark.parametrize("value", ["a", 7, True, None, date(2026, 11, 29), ("a", "b"), frozenset({"a"})])
def test_plain_values_are_taken(value):
    assert rendered(Template("{% keep it=value %}x{% endkeep %}"), value=value) == "x"


def test_a_text_that_is_safe_is_another_one_than_a_text_that_is_not():
    page = Template("{% keep it=value %}{{ it }}{% endkeep %}")
    assert rendered(page, value=mark_safe("<b>")) == "<b>"
    assert rendered(page, value="<b>") == "&lt;b&gt;"


def test_each_language_and_each_mode_has_its_own():
    page = Template('{% keep one=1 %}{% translate "Cancel" %} {% url "profile" %}{% endkeep %}')
    with translation.override("id"):
        assert rendered(page) == "Batal /my-profile/"
    with translation.override("en"):
        assert rendered(page) == "Cancel /my-profile/"
        mode.set_script_prefix("/test/")
        try:
            assert rendered(page) == "Cancel /test/my-profile/"
        finally:
            mode.set_script_prefix("/")


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 3)
    page = Template("{% keep it=value %}{{ it }}{% endkeep %}")
    for value in range(10):
        assert rendered(page, value=value) == str(value)
    (keep,) = page.nodelist
    assert list(keep.kept.values()) == ["7", "8", "9"]


def test_a_value_needs_a_name():
    with pytest.raises(TemplateSyntaxError, match="values with a name"):
        Template("{% keep scope %}x{% endkeep %}")
