"""What may be paid twice, as a form asks about it: "it isn't a duplicate" is said of those that were shown, and of no
other that is made meanwhile (trust.md L5, M3).
"""

from collections.abc import Collection, Iterable
from typing import Any, Protocol

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.forms import LineField

MOST_SEEN = 20
"""How many possible duplicates a form hands on; it shows fewer."""


class Row(Protocol):
    """A possible duplicate."""

    pk: Any


class Draft(Protocol):
    """What somebody wants to pay."""

    @property
    def is_sure(self) -> bool:
        """Whether nobody has to be asked: whatever there is."""

    @property
    def seen_twins(self) -> Collection[int]:
        """The ids of the possible duplicates that were seen, and are none."""


def is_new(draft: Draft, rows: Iterable[Row]) -> bool:
    """Return whether some possible duplicates weren't seen."""
    return not draft.is_sure and not {row.pk for row in rows} <= set(draft.seen_twins)


class TwiceForm(forms.Form):
    """A form that may pay twice: it shows what there is already, and asks."""

    is_sure = forms.BooleanField(label=gettext_lazy("It isn’t a duplicate: pay it"), required=False)
    twins_seen = LineField(required=False, max_length=MOST_SEEN * 20, widget=forms.HiddenInput)

    twins: Any = ()
    alike: Any = ()

    def find_twins(self) -> None:
        """Look for `twins`, and `alike` where there can be such, of what the form says."""
        raise NotImplementedError

    def seen_twins(self) -> frozenset[int]:
        """Return the ids of those that were shown, where somebody says that they are none."""
        if not self.cleaned_data.get("is_sure"):
            return frozenset()
        written = self.cleaned_data.get("twins_seen", "").split(",")[:MOST_SEEN]
        return frozenset(int(pk) for pk in written if pk.isascii() and pk.isdecimal())

    def ask_once_more(self) -> None:
        """As `ask_about_twins`, after one was found as this was about to be made; says so where it is gone again."""
        self.ask_about_twins()
        if not self.errors:
            self.add_error(None, _("Something that this could be a duplicate of has just changed. Send it once more."))

    def ask_about_twins(self) -> None:
        """Show what there is, and refuse the form unless all of it was seen."""
        seen = self.seen_twins()
        self.find_twins()
        shown = {row.pk for row in (*self.twins, *self.alike)}
        if not shown <= seen:
            self.add_error("is_sure", _("This may be paid twice. Look at the others, and say that it isn’t."))
            self.data = {
                **{name: value for name, value in self.data.items() if name != "is_sure"},
                "twins_seen": ",".join(map(str, sorted(shown))),
            }
