"""What can be so of money that has ended: that it came back, or that its bank says the opposite now."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from flipdash import histories
from flipdash.histories.columns import status_badge
from flipdash.states import State
from transactions.models import OutgoingTransfer

TAGS = (
    histories.Tag("returned", "returned_at", _("Returned")),
    histories.Tag("disputed", "disputed_at", _("Under review"), "warning"),
)


def status_column(states: type[State]) -> histories.StatusColumn:
    """Return the column of the state, with what came after it."""
    return histories.StatusColumn(_("Status"), "status", card="state", choices=states, tags=TAGS)


def afterwards_filter() -> histories.TagFilter:
    """Return the filter by what came after it."""
    return histories.TagFilter("afterwards", _("Afterwards"), TAGS)


def disputed_column() -> histories.DateTimeColumn:
    """Return the column that says since when it is looked into."""
    return histories.DateTimeColumn(_("Under review since"), "disputed_at", shown=False)


def tags_of(row: OutgoingTransfer) -> SafeString:
    """Return the tags of a row, where it stands in no history."""
    return format_html_join(" ", "{}", ((tag,) for tag in TAGS if getattr(row, tag.field)))


def badge_of(row: OutgoingTransfer) -> SafeString:
    """Return its state with them."""
    return format_html("{} {}", status_badge(row.status), tags_of(row))
