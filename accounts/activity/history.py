"""Manage Multi Account → Activity Log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.activity.words import facts_in_words, kind_words, role_words, via_words, visible
from accounts.models import Activity, Member
from accounts.permissions import Permission
from flipdash import events, histories
from flipdash.histories.columns import Batch, Fact, Page, Row, Write, linked
from flipdash.scope import Scope
from flipdash.words import Words


@dataclass(frozen=True)
class TextColumn(histories.Column):
    """What somebody's machine may have sent: whatever can't be seen in it is written out (trust.md I2)."""

    def text(self, row: Row) -> str:
        return visible(row[self.field])


@dataclass(frozen=True)
class WordsColumn(histories.Column):
    """A code that reads as words."""

    words: Callable[[str], str] = str

    def text(self, row: Row) -> str:
        return self.words(row[self.field])


@dataclass(frozen=True)
class EventColumn(WordsColumn):
    """What happened, which opens the event."""

    kind: ClassVar[str] = "text"
    always: ClassVar[bool] = True

    def writer(self, page: Page) -> Write:
        return linked(self, page)


@dataclass(frozen=True)
class FactsColumn(histories.Column):
    """The facts of an event in one line: Role: Maker → Approver."""

    def text(self, row: Row) -> str:
        """Return label and value of each."""
        return _in_one_line(row[self.field])

    def values(self, batch: Batch) -> Sequence[str]:
        """Return the text of many rows: facts are no key by which a text could be found again."""
        return [_in_one_line(facts) for facts in batch[self.field]]


def _in_one_line(facts: Mapping[str, Any]) -> str:
    return "; ".join(f"{label}: {value}" for label, value in facts_in_words(facts))


def _people(scope: Scope) -> QuerySet[Member]:
    return Member.objects.filter(business_id=scope.business.pk).select_related("user").order_by("user__name", "pk")


class ActivityHistory(histories.History):
    """Manage Multi Account → Activity Log."""

    model = Activity
    name, title, file_title = "activity", gettext_lazy("Activity Log"), "Activity Log"
    section = gettext_lazy("Manage Multi Account")
    names_itself = True
    permission = Permission.MANAGE_MEMBERS
    url_name, row_url_name = "activity:log", "activity:event"
    is_looked_up = False  # what happened to things, not the things
    everything = gettext_lazy("All events")
    counted = ngettext_lazy("%(shown)s event", "%(shown)s events", "number")

    columns = (
        EventColumn(gettext_lazy("Event"), "kind", card="title", words=kind_words),
        histories.DateTimeColumn(gettext_lazy("Date"), "created_at", card="meta"),
        TextColumn(gettext_lazy("Person"), "by_name", card="line"),
        WordsColumn(gettext_lazy("Role"), "role", card="meta", words=role_words),
        TextColumn(gettext_lazy("Subject"), "subject_label", card="line"),
        FactsColumn(gettext_lazy("Facts"), "facts"),
        TextColumn(gettext_lazy("Network address"), "address"),
        TextColumn(gettext_lazy("Email"), "by_email", shown=False),
        TextColumn(gettext_lazy("Browser"), "agent", shown=False),
        WordsColumn(gettext_lazy("Done through"), "via", shown=False, words=via_words),
        histories.CodeColumn(gettext_lazy("Seal"), "hash", shown=False),
    )
    search_hint = gettext_lazy("Person, event, subject or network address")
    search = (
        histories.Text(
            (gettext_lazy("Person"), gettext_lazy("Event"), gettext_lazy("Subject"), gettext_lazy("Network address")),
            Activity.words,
        ),
    )
    filters = (
        histories.DateFilter("date", gettext_lazy("Date"), bases=(("created", gettext_lazy("Date"), "created_at"),)),
        histories.ChoiceFilter("area", gettext_lazy("About"), "area", lambda: list(events.areas().items())),
        histories.ActorFilter("person", gettext_lazy("Person"), "by", _people),
    )

    @property
    def notice(self) -> Words:
        """Say in Test Mode where the events are that belong to no mode."""
        if not self.scope.is_test:
            return ""
        return _("Events of people, sign-ins and settings belong to both modes: they are in Live Mode’s Activity Log.")

    def facts_of(self, row: Row) -> list[Fact]:
        """Return every field, and each fact of the event by itself."""
        shown = [fact for fact in super().facts_of(row) if fact["label"] != self.columns[5].label]
        return [*shown, *({"label": label, "value": value} for label, value in facts_in_words(row["facts"]))]
