"""What an approver types to find what waits."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.forms import RupiahField
from flipdash.scope import Scope
from transactions.approvals import queue
from transactions.approvals.queue import Filters
from transactions.destinations import NAMES
from transactions.outgoing.products import products

SELECT = {"class": "input"}


def _choice(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, widget=forms.Select(attrs=SELECT))


class FilterForm(forms.Form):
    """Which of what waits is shown. What it doesn't understand shows nothing, and says so."""

    kind = _choice(gettext_lazy("Kind"))
    maker = _choice(gettext_lazy("Maker"))
    bank = _choice(gettext_lazy("Bank"))
    batch = _choice(gettext_lazy("Batch"))
    flag = _choice(gettext_lazy("To look at"))
    least = RupiahField(label=gettext_lazy("Amount from"), required=False)
    most = RupiahField(label=gettext_lazy("Amount to"), required=False)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered: dict[str, list[Any]] = {
            "kind": [(one.source, one.label_of_many) for one in products.values()],
            "flag": [(flag.name, flag.words) for flag in queue.FLAGS.values()],
            **{name: queue.offered(scope, name) for name in ("maker", "batch")},
            "bank": [(code, NAMES.get(code, words)) for code, words in queue.offered(scope, "bank")],
        }
        for name, options in offered.items():
            self.fields[name].choices = [("", _("All")), *self._kept(name, options)]  # type: ignore[attr-defined]

    def _kept(self, name: str, options: list[Any]) -> list[Any]:
        """What is asked for stays asked for when the last of it was decided on: it shows nothing, and is no mistake."""
        asked = self.data.get(name, "")
        known = asked in [value for value, _words in options]
        if known or not asked or not self._may_be(name, asked):
            return options
        return [*options, (asked, NAMES.get(asked, asked))]

    @staticmethod
    def _may_be(name: str, asked: str) -> bool:
        kind, _dash, number = asked.rpartition("-")
        if name == "batch":
            return queue.is_number(asked)
        return (name == "bank" and asked in NAMES) or (name == "maker" and kind == "member" and queue.is_number(number))

    @property
    def filters(self) -> Filters:
        """The filters of a form that is valid."""
        values = {name: self.cleaned_data[name] for name in ("kind", "maker", "bank", "flag", "least", "most")}
        batch = self.cleaned_data["batch"]
        return Filters(**values, batch=int(batch) if batch else None)
