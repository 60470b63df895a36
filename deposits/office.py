"""The operator's day: what came of the statements that were uploaded, and the queue from line to line by keyboard."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Count, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import Exists
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deposits.models import Correction, Reason, StatementImport, StatementLine, TopUp
from deposits.statements import progress
from deposits.statements.matching import Suggestion
from flipdash import clock, money
from flipdash.forms import LineField

OPERATOR = "operator"
SHOWN = 50
"""Statements of a day that are listed; there are some dozens."""
A_DAY = timedelta(hours=24)
REFRESH = 2  # seconds
Status = StatementLine.Status


# --- What came of them -----------------------------------------------------------------------------------------------


@dataclass
class Group:
    """Lines of the same fate: how many, their sum, and the way to them."""

    words: str
    lines: int
    total: Decimal
    url: str

    @property
    def sum(self) -> str:
        """The sum as people read it."""
        return money.with_sen(self.total)


@dataclass
class Uploaded:
    """A statement, and what came of it."""

    job: StatementImport
    groups: list[Group]
    read: int

    @property
    def why(self) -> list[str]:
        """What is wrong with it, or doesn't add up: the first of it."""
        said = [self.job.problem_in_words] if self.job.problem else []
        return [*said, *self.job.problems, *self.job.doubts][:3]


def uploaded() -> list[Uploaded]:
    """Return the statements of the last day, the newest first."""
    rows = StatementImport.objects.using(OPERATOR).filter(created_at__gt=clock.now(OPERATOR) - A_DAY)
    jobs = list(rows.select_related("by").order_by("-pk")[:SHOWN])
    lines = StatementLine.objects.using(OPERATOR).filter(statement__in=[job.pk for job in jobs])
    counted: dict[int, list[dict[str, Any]]] = {}
    for row in _counted(lines, "statement_id"):
        counted.setdefault(row["statement_id"], []).append(row)
    return [Uploaded(job, _groups(counted.get(job.pk, [])), progress.of(job) if job.is_moving else 0) for job in jobs]


def summed(jobs: Iterable[Uploaded]) -> list[Group]:
    """Return what came of all of them together."""
    lines = StatementLine.objects.using(OPERATOR).filter(statement__in=[one.job.pk for one in jobs])
    return _groups(_counted(lines))


def waiting_by_reason() -> list[Group]:
    """Return the lines that wait for a person, whenever they came, by why they do."""
    return _groups(_counted(StatementLine.objects.using(OPERATOR).filter(status=Status.WAITING)))


def _counted(lines: QuerySet[StatementLine], *by: str) -> QuerySet[StatementLine, dict[str, Any]]:
    rows = lines.values(*by, "status", "reason").annotate(n=Count("pk"), total=Sum("amount"))
    return rows.order_by(*by, "status", "-n", "reason")


def _groups(rows: Iterable[dict[str, Any]]) -> list[Group]:
    return [_group(**{name: row[name] for name in ("status", "reason", "n", "total")}) for row in rows]


def _group(status: str, reason: str, n: int, total: Decimal) -> Group:
    label = str(dict(Status.choices)[status])
    if status == Status.WAITING:
        return Group(f"{label}: {Reason(reason).label}", n, total, f"{reverse(QUEUE)}?reason={reason}")
    url = f"{reverse('admin:deposits_statementline_changelist')}?status__exact={status}&reason__exact={reason}"
    return Group(f"{label}: {Reason(reason).label}" if reason else label, n, total, url)


# --- The queue -------------------------------------------------------------------------------------------------------

QUEUE = "admin:deposits_statementline_queue"


@dataclass(frozen=True)
class Turn:
    """One waiting line, its place among those that wait, and the two beside it."""

    line: StatementLine
    place: int
    count: int
    before: int | None
    after: int | None


def in_queue(reason: str) -> QuerySet[StatementLine]:
    """Return the waiting lines for which nobody has proposed anything yet, oldest first. Raises Http404."""
    if reason and reason not in Reason.values:
        raise Http404
    proposed = Correction.objects.using(OPERATOR).filter(line=OuterRef("pk"), status=Correction.Status.WAITING)
    rows = StatementLine.objects.using(OPERATOR).filter(~Exists(proposed), status=Status.WAITING)
    return (rows.filter(reason=reason) if reason else rows).order_by("booked_on", "pk")


def turn(reason: str, at: str) -> Turn | None:
    """Return the line `at` an id, or the next one behind it where it waits no more; None when no line waits."""
    rows = in_queue(reason)
    place = 0
    if at:
        if not (at.isascii() and at.isdigit() and len(at) < 19):
            raise Http404
        known = StatementLine.objects.using(OPERATOR).filter(pk=int(at)).first()
        if known is None:
            raise Http404
        place = rows.filter(_before(known)).count()
    count = rows.count()
    if not count:
        return None
    place = place if place < count else 0
    around = list(rows[max(0, place - 1) : place + 2])
    mine = around[min(place, 1)]
    before = around[0].pk if place else None
    after = around[-1].pk if around[-1].pk != mine.pk else None
    return Turn(mine, place + 1, count, before, after)


def _before(line: StatementLine) -> Q:
    return Q(booked_on__lt=line.booked_on) | Q(booked_on=line.booked_on, pk__lt=line.pk)


class QueueForm(forms.Form):
    """Which top-up the line is for, one that is suggested or another, and why."""

    suggested = forms.ChoiceField(label=gettext_lazy("Top-up"), widget=forms.RadioSelect)
    top_up = forms.IntegerField(
        label=gettext_lazy("Another Top-Up ID"), min_value=1, max_value=2**63 - 1, required=False
    )
    why = LineField(label=gettext_lazy("Why"), max_length=200)

    def __init__(self, suggestions: list[Suggestion], data: Any = None) -> None:
        super().__init__(data)
        choices = [(str(one.top_up.pk), self._words(one)) for one in suggestions]
        self.fields["suggested"].choices = [*choices, ("", _("Another one"))]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["suggested"].required = False
        self.fields["why" if suggestions else "top_up"].widget.attrs["autofocus"] = True
        if not suggestions:
            del self.fields["suggested"]

    def _words(self, one: Suggestion) -> str:
        return f"{one.top_up.pk} · {one.top_up.business} · {money.rupiah(one.top_up.exact_amount)}: {one.why}"

    def clean(self) -> dict[str, Any]:
        """Find the top-up that is meant."""
        values = super().clean() or {}
        pk = values.get("suggested") or values.get("top_up")
        found = TopUp.objects.using(OPERATOR).filter(pk=int(pk)).first() if pk else None
        if found is None and "top_up" not in self.errors:
            self.add_error("top_up", _("There is no such top-up.") if pk else _("Choose one, or type its ID."))
        values["meant"] = found
        return values
