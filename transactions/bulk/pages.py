"""The rows of a draft as a page shows them: some at a time, by their place in the file, each fault in words."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from transactions.bulk import repairs
from transactions.bulk.asking import why_refused
from transactions.bulk.judging import judge, shown
from transactions.bulk.layout import FIELDS, LABELS
from transactions.destinations import label_of
from transactions.models import BulkDraft, BulkRow

PAGE_SIZE = 50
MOST_GROUPS = 5
"""Texts that are wrong in several rows and offered to be replaced in all of them."""
EACH_ITS_OWN = ("account_number", "beneficiary_name", "internal_reference")
"""What differs from row to row: where it is missing, no one text is right in all of them."""
LOOKED_AT = 2_000
"""Wrong rows that are searched for those texts."""


@dataclass(frozen=True)
class Cell:
    """One cell as it is shown: an input where it is wrong or the row is being edited."""

    name: str
    label: Any
    text: str
    reason: str
    is_input: bool


@dataclass(frozen=True)
class Line:
    """One row of the page."""

    row: BulkRow
    cells: list[Cell]


def page_of(draft: BulkDraft, showing: str, after: str, edit: str) -> dict[str, Any]:
    """Return the rows after a place in the file. Raises Http404 for an address that no page gives."""
    if showing not in repairs.SHOWING or not all(_is_number(one) for one in (after, edit)):
        raise Http404
    place = int(after or 0)
    rows = draft.rows.filter(repairs.SHOWING[showing], record__gt=place)
    found = list(rows.order_by("record")[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    return {
        "showing": showing,
        "after": after,
        "lines": [_line(row, is_edited=str(row.record) == edit) for row in page],
        "fields": [LABELS[name] for name in FIELDS],
        "next_url": f"?show={showing}&after={page[-1].record}#rows" if len(found) > PAGE_SIZE else "",
        "first_url": f"?show={showing}#rows" if place else "",
    }


def _is_number(written: str) -> bool:
    return not written or (written.isascii() and written.isdigit() and len(written) < 7)


def _line(row: BulkRow, *, is_edited: bool) -> Line:
    judged = judge(row.texts)
    if "account_number" in row.wrong and "account_number" not in judged.faults:
        judged.faults["account_number"] = why_refused(row.holder_status)
    cells = []
    for name in FIELDS:
        reason = judged.faults.get(name, "")
        is_input = is_edited or (bool(reason) and not row.is_left_out)
        text = shown(row.texts.get(name, ""))
        if name == "bank" and row.bank and not is_input:
            text = label_of(row.destination_kind, row.bank)
        cells.append(Cell(name, LABELS[name], text, reason, is_input))
    return Line(row, cells)


@dataclass(frozen=True)
class Group:
    """A text that is wrong in several rows."""

    field: str
    label: Any
    text: str
    count: int


def groups(draft: BulkDraft) -> list[Group]:
    """Return the texts that are wrong in more than one row, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    rows = draft.rows.filter(repairs.SHOWING["wrong"]).order_by("record").values_list("wrong", "texts")
    for wrong, texts in rows[:LOOKED_AT]:
        counts.update((name, shown(texts.get(name, ""))) for name in wrong)
    often = [(key, count) for key, count in counts.most_common() if count > 1]
    one_for_all = [(key, count) for key, count in often if key[1] or key[0] not in EACH_ITS_OWN]
    return [Group(name, LABELS[name], text, count) for (name, text), count in one_for_all[:MOST_GROUPS]]
