"""Developer → Callback Deliveries: what was sent to Callback URLs, what came back, and what is still to come."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.permissions import Permission
from developer.callbacks import wording
from developer.models import Callback, CallbackEvent, CallbackStatus
from flipdash import histories
from flipdash.histories.columns import Batch, Page, Row, Write
from flipdash.histories.filters import Cleaned
from flipdash.histories.search import SearchField
from flipdash.scope import Scope
from flipdash.searchkeys import SearchIndex


@dataclass(frozen=True)
class TickColumn(histories.IdColumn):
    """The number, with a box to tick it for what is done with many (templates/developer/resend_bar.html)."""

    def writer(self, page: Page) -> Write:
        """Return what writes the box and the link."""
        write_id = super().writer(page)
        before, after = escape(_("Tick callback %(number)s") % {"number": "\0"}).split("\0")

        def write(row: Row) -> str:
            text = escape(self.text(row))
            name = f"{before}{text}{after}"
            box = f'<input type="checkbox" name="callback" value="{text}" form="resend" aria-label="{name}">'
            return f'<label class="tick no-print">{box}</label>{write_id(row)}'

        return write


@dataclass(frozen=True)
class NumberColumn(histories.AccountColumn):
    """A transaction's number: text everywhere, as a spreadsheet would round it."""

    def text(self, row: Row) -> str:
        return "" if row[self.field] is None else str(row[self.field])

    def values(self, batch: Batch) -> Sequence[str]:
        """Return texts."""
        return ["" if number is None else str(number) for number in batch[self.field]]


@dataclass(frozen=True)
class CountColumn(histories.Column):
    """How often."""

    def text(self, row: Row) -> str:
        return str(row[self.field])

    def values(self, batch: Batch) -> Sequence[str]:
        """Return texts: nobody sums these up."""
        return [str(count) for count in batch[self.field]]


@dataclass(frozen=True)
class AnswerColumn(histories.Column):
    """What the last attempt came to: the HTTP status, or why there is none."""

    def text(self, row: Row) -> str:
        return wording.in_short(row["last_code"], row["last_problem"])


@dataclass(frozen=True)
class AnswerCode(SearchField):
    """An HTTP status: three digits."""

    def comes_first(self, *, has_text: bool) -> bool:
        """An address can have such digits in it too."""
        return False

    def condition(self, term: str) -> list[Q]:
        return [Q(**{self.field: term})] if re.fullmatch("[1-5][0-9][0-9]", term, re.ASCII) else []


@dataclass(frozen=True)
class AnswerFilter(histories.ChoiceFilter):
    """The first digit of the last answer's status, or that there was none."""

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Keep rows that were answered so."""
        kept = Q(pk__in=[])
        for chosen in cleaned[self.name]:
            kept |= ~Q(last_problem="") if chosen == "none" else Q(last_code__startswith=chosen)
        return kept if cleaned[self.name] else Q()

    def facet(self, cleaned: Cleaned) -> tuple[str, list[str]]:
        """No list of an index has these."""
        return "", []


class CallbackHistory(histories.History):
    """Developer → Callback Deliveries."""

    model = Callback
    name, title, file_title = "callbacks", gettext_lazy("Callback Deliveries"), "Callback Deliveries"
    section = gettext_lazy("Developer")
    names_itself = True
    permission = Permission.MANAGE_API
    url_name, row_url_name = "developer:callbacks", "developer:callback"
    detail_template = "developer/callback.html"
    acts_template = "developer/resend_bar.html"
    is_looked_up = False  # what was told of things, not the things
    everything = gettext_lazy("All callbacks")
    counted = ngettext_lazy("%(shown)s callback", "%(shown)s callbacks", "number")
    about = gettext_lazy("to %(url)s")

    columns = (
        TickColumn(gettext_lazy("Callback ID"), "id"),
        histories.StatusColumn(gettext_lazy("Status"), "status", card="state", choices=CallbackStatus),
        histories.ChoiceColumn(gettext_lazy("Event"), "event", card="title", choices=CallbackEvent),
        NumberColumn(gettext_lazy("Transaction ID"), "source_id", card="line", gives_way=3),
        AnswerColumn(gettext_lazy("Answer"), "last_code", card="meta", also=("last_problem",)),
        CountColumn(gettext_lazy("Attempts"), "attempt", gives_way=2),
        histories.Column(gettext_lazy("URL"), "url", shown=False),
        histories.DateTimeColumn(gettext_lazy("Created Date"), "created_at", card="meta"),
        histories.DateTimeColumn(gettext_lazy("Last attempt"), "last_at", after="created_at", gives_way=4),
        histories.DateTimeColumn(gettext_lazy("Next attempt"), "due_at", after="created_at", shown=False),
        histories.DateTimeColumn(gettext_lazy("Delivered"), "delivered_at", after="created_at", shown=False),
        histories.ActorColumn(gettext_lazy("Resent by"), "asker_name", shown=False),
    )
    search_hint = gettext_lazy("Transaction ID, callback ID, URL, event or answer code")
    search = (
        histories.Id(gettext_lazy("Callback ID"), "id"),
        histories.Id(gettext_lazy("Transaction ID"), "source_id"),
        histories.ChoiceWords(gettext_lazy("Event"), "event", wording.EVENT_WORDS),
        histories.ChoiceWords(gettext_lazy("Status"), "status", CallbackStatus.words()),
        AnswerCode(gettext_lazy("Answer code"), "last_code"),
        histories.Text((gettext_lazy("URL"),), SearchIndex(("url",)), has_keys=False),
    )
    filters = (
        histories.DateFilter(
            "date",
            gettext_lazy("Date"),
            bases=(
                ("created", gettext_lazy("Created Date"), "created_at"),
                ("last", gettext_lazy("Last attempt"), "last_at"),
            ),
        ),
        histories.ChoiceFilter("status", gettext_lazy("Status"), "status", CallbackStatus),
        histories.ChoiceFilter("event", gettext_lazy("Event"), "event", CallbackEvent),
        AnswerFilter(
            "answer",
            gettext_lazy("Answer code"),
            "last_code",
            (
                ("2", gettext_lazy("200 to 299: taken")),
                ("3", gettext_lazy("300 to 399: led elsewhere")),
                ("4", gettext_lazy("400 to 499: refused")),
                ("5", gettext_lazy("500 to 599: their error")),
                ("none", gettext_lazy("No answer")),
            ),
        ),
    )
