"""Failure Reason in the histories of transactions: a column, a filter, and words that find it."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from flipdash import histories
from transactions.models.base import ENDED_BADLY
from transactions.reasons import Reason

FIELD, LABEL = "reason", _("Failure Reason")


def reason_column(reasons: Sequence[Reason], *, instead_of: tuple[str, ...]) -> histories.ChoiceColumn:
    """Return the column, which comes to the page by itself with what failed or was cancelled.

    `instead_of` names the columns that are empty for these. It stands last in a history, so that reports begin with
    what they had before.
    """
    brought_by = (("status", ENDED_BADLY), (FIELD, tuple(map(str, reasons))))
    return histories.ChoiceColumn(
        LABEL, FIELD, shown=False, choices=Reason, brought_by=brought_by, instead_of=instead_of
    )


def reason_filter(reasons: Sequence[Reason]) -> histories.ChoiceFilter:
    """Return the filter by one of the reasons."""
    return histories.ChoiceFilter(FIELD, LABEL, FIELD, Reason.choices_of(reasons), multiple=False, in_order_except=())


def reason_words(reasons: Sequence[Reason]) -> histories.ChoiceWords:
    """Return what finds rows by the words of a reason, in both languages."""
    return histories.ChoiceWords(LABEL, FIELD, Reason.words_of(reasons), in_order_except=())
