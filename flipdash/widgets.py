"""How form fields are written: as Django's own templates do, byte for byte, without the template engine.

A history's filters have 150 options and boxes; a template for each of them was a fifth of the page's time.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.functional import Promise
from django.utils.html import conditional_escape

Widget = Mapping[str, Any]


class Renderer(DjangoTemplates):
    """Django's renderer, which leaves rare widgets to their templates."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        write = WRITERS.get(template_name)
        return write(context["widget"]) if write else super().render(template_name, context, request)


def _escaped(value: Any) -> str:
    """Escape what isn't safe already; most options are the same on every page."""
    return _escaped_text(str(value) if isinstance(value, Promise) else value)


@lru_cache(maxsize=4_096, typed=True)
def _escaped_text(value: Any) -> str:
    return conditional_escape(value)


def _attributes(attrs: Mapping[str, Any]) -> str:
    return "".join(
        f" {_escaped(name)}" + ("" if value is True else f'="{_escaped(_text(value))}"')
        for name, value in attrs.items()
        if value is not False
    )


def _text(value: Any) -> str:
    """Return the value as `stringformat:"s"` writes it, which keeps what is safe already."""
    return value if isinstance(value, str) else str(value)


def _input(widget: Widget) -> str:
    kind, name = _escaped(widget["type"]), _escaped(widget["name"])
    value = "" if widget["value"] is None else f' value="{_escaped(_text(widget["value"]))}"'
    return f'<input type="{kind}" name="{name}"{value}{_attributes(widget["attrs"])}>'


def _input_option(widget: Widget) -> str:
    if not widget.get("wrap_label"):
        return _input(widget)
    place = widget["attrs"].get("id")
    begin = f'<label for="{_escaped(place)}">' if place else "<label>"
    return f"{begin}{_input(widget)}\n {_escaped(widget['label'])}</label>"


def _option(widget: Widget) -> str:
    value, label = _escaped(_text(widget["value"])), _escaped(widget["label"])
    return f'<option value="{value}"{_attributes(widget["attrs"])}>{label}</option>\n'


def _select(widget: Widget) -> str:
    written = [f'<select name="{_escaped(widget["name"])}"{_attributes(widget["attrs"])}>']
    for name, options, _index in widget["optgroups"]:
        written += [f'\n  <optgroup label="{_escaped(name)}">'] if name else []
        written += [f"\n  {_option(option)}" for option in options]
        written += ["\n  </optgroup>"] if name else []
    return f"{''.join(written)}\n</select>"


FOLDER = "django/forms/widgets"
INPUTS = ("text", "number", "email", "url", "tel", "search", "password", "hidden", "date", "checkbox")
WRITERS: dict[str, Callable[[Widget], str]] = {
    **{f"{FOLDER}/{kind}.html": _input for kind in INPUTS},
    f"{FOLDER}/checkbox_option.html": _input_option,
    f"{FOLDER}/radio_option.html": _input_option,
    f"{FOLDER}/select.html": _select,
}
