"""What moved the deposit: since yesterday, line by line, and day by day through a month.

All of it is read from the turnover that the ledger keeps by the hour, in one statement with the balance as it is now
and with the last entry of yesterday. So it costs the same however many entries there are, and whether opening and lines
come to what is there now is a fact of the ledger, not of how it was added up here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deposits.models import RUPIAH, AccountKind, PostingKind
from flipdash.scope import Scope
from flipdash.words import Words

DAYS = 30
"""How many days a chart shows, today included."""
LIST = "deposits:history"
"""Where the entries are that a figure is made of."""
PACE = timedelta(days=7)
SPENDING = (PostingKind.HOLD, PostingKind.RELEASE, PostingKind.REFUND, PostingKind.WITHDRAWAL)
"""What makes the pace: what was set aside or paid out, less what came back unspent. Top-ups don't count."""


@dataclass(frozen=True)
class Movement:
    """Kinds of posting that a business thinks of as one kind of movement."""

    label: Words
    kinds: tuple[PostingKind, ...]


MOVEMENTS = (
    Movement(_("Starting balance"), (PostingKind.OPENING,)),
    Movement(_("Top-ups"), (PostingKind.TOP_UP,)),
    Movement(_("Payments settled"), (PostingKind.SETTLEMENT,)),
    Movement(_("Held for transactions"), (PostingKind.HOLD,)),
    Movement(_("Released or returned"), (PostingKind.RELEASE, PostingKind.RETURN)),
    Movement(_("Paid out"), (PostingKind.CAPTURE,)),
    Movement(_("Refunds"), (PostingKind.REFUND,)),
    Movement(_("Withdrawals"), (PostingKind.WITHDRAWAL,)),
    Movement(
        *(_("Corrections"), (PostingKind.ADJUSTMENT, PostingKind.CORRECTION, PostingKind.REVERSAL, PostingKind.SWEEP))
    ),
)
"""Every kind once, in the order in which an account statement would say it."""


@dataclass(frozen=True)
class Turned:
    """What one kind came to on one day: how many entries, and how many rupiah came in and went out."""

    day: date
    kind: str
    entries: int
    came_in: int
    went_out: int


@dataclass(frozen=True)
class Line:
    """One kind of movement since yesterday; `rupiah` is positive for what came in. `url` is "" where no list has it."""

    label: Words
    entries: int
    rupiah: int
    url: str


@dataclass(frozen=True)
class Bridge:
    """How a balance came from what it was at the end of yesterday to what it is now."""

    opening: int
    lines: list[Line]
    now: int

    @property
    def change(self) -> int:
        """By how many rupiah there is more now."""
        return self.now - self.opening

    @property
    def less(self) -> int:
        """By how many rupiah there is less now."""
        return -self.change

    @property
    def closes(self) -> bool:
        """Whether the lines come to the change. If not, the ledger is wrong, and people are told."""
        return self.opening + sum(line.rupiah for line in self.lines) == self.now


@dataclass(frozen=True)
class Day:
    """What came in and went out of what is available on one day, and what there was at its end."""

    day: date
    came_in: int
    went_out: int
    balance: int
    url: str


@dataclass(frozen=True)
class Cashflow:
    """The movements of a scope's deposit in the last days, up to one moment."""

    now: datetime
    today: date
    """In the business's zone."""
    available: Bridge
    held: Bridge
    spent: int
    """What went out within the last 7 days, to the hour."""
    days: list[Day]
    """Oldest first, today last; only those that the scope may see."""

    @property
    def today_url(self) -> str:
        """Deposit History with all entries of today."""
        return _day_url(reverse(LIST), self.today)

    @property
    def has_moved(self) -> bool:
        """Whether anything came in or went out on any of the days."""
        return any(day.came_in or day.went_out for day in self.days)

    @cached_property
    def yesterday(self) -> date:
        """The day before today, in the business's zone."""
        return self.today - timedelta(days=1)

    @property
    def came_in(self) -> int:
        """What came in on all the days."""
        return sum(day.came_in for day in self.days)

    @property
    def went_out(self) -> int:
        """What went out on all the days."""
        return sum(day.went_out for day in self.days)


def cashflow(scope: Scope) -> Cashflow:
    """Return what moved the deposit of a scope, by one question to the database."""
    now = scope.now()
    today = now.astimezone(scope.zone).date()
    turned: dict[str, list[Turned]] = {AccountKind.AVAILABLE: [], AccountKind.HELD: []}
    balances: Counter[str] = Counter()
    openings: Counter[str] = Counter()
    spent = 0
    begins = datetime.combine(today, time.min, tzinfo=scope.zone)
    for account, balance, opening, *figures, recent in _turnover(scope, begins, now):
        balances[account], openings[account] = balance, opening or 0
        day, kind, *_sums = figures
        if day is not None:
            turned[account].append(Turned(*figures))
            if account == AccountKind.AVAILABLE and kind in SPENDING:
                spent += recent or 0
    available = turned[AccountKind.AVAILABLE]
    return Cashflow(
        now=now,
        today=today,
        available=_bridge(AccountKind.AVAILABLE, openings, balances, available, today),
        held=_bridge(AccountKind.HELD, openings, balances, turned[AccountKind.HELD], today),
        spent=max(0, spent),
        days=_days(scope, available, today, balances[AccountKind.AVAILABLE]),
    )


def _turnover(scope: Scope, begins: datetime, now: datetime) -> list[tuple]:
    """Read the turnover by day and kind, each with its account's balances now and when the day began."""
    asks = {
        "business": scope.business.pk,
        "mode": str(scope.mode),
        "currency": RUPIAH,
        "kinds": [AccountKind.AVAILABLE.value, AccountKind.HELD.value],
        "zone": scope.zone.key,
        "begins": begins,
        "since": begins - timedelta(days=DAYS - 1),
        "recently": now - PACE,
    }
    with connection.cursor() as cursor:
        cursor.execute(TURNOVER, asks)
        return list(cursor.fetchall())


TURNOVER = """
WITH account AS MATERIALIZED (
    SELECT id, kind, balance, (
        SELECT balance_after FROM deposits_entry
        WHERE account_id = deposits_account.id AND created_at < %(begins)s
        ORDER BY created_at DESC, id DESC LIMIT 1
    ) AS opening
    FROM deposits_account
    WHERE business_id = %(business)s AND mode = %(mode)s AND currency = %(currency)s AND kind = ANY(%(kinds)s)
)
SELECT account.kind, balance, opening, (hour AT TIME ZONE %(zone)s)::date AS day, turnover.kind,
    SUM(entries)::bigint, SUM(came_in)::bigint, SUM(went_out)::bigint,
    SUM(went_out - came_in) FILTER (WHERE hour >= %(recently)s)::bigint
FROM account LEFT JOIN deposits_turnover AS turnover
    ON turnover.account_id = account.id AND turnover.hour >= %(since)s
GROUP BY account.id, account.kind, balance, opening, day, turnover.kind
"""
"""Plain SQL, for Django's own of it took longer to make than to answer; row level security stands behind it."""


def _bridge(kind: str, openings: Counter[str], balances: Counter[str], turned: Sequence[Turned], today: date) -> Bridge:
    lines = []
    for movement in MOVEMENTS:
        moved = [row for row in turned if row.day >= today and row.kind in movement.kinds]
        if entries := sum(row.entries for row in moved):
            url = _day_url(reverse(LIST), today, movement.kinds) if kind == AccountKind.AVAILABLE else ""
            lines.append(Line(movement.label, entries, sum(row.came_in - row.went_out for row in moved), url))
    return Bridge(openings[kind], lines, balances[kind])


def _days(scope: Scope, turned: Sequence[Turned], today: date, balance: int) -> list[Day]:
    """Return the days back from today, each with the balance at its end."""
    came_in: Counter[date] = Counter()
    went_out: Counter[date] = Counter()
    for row in turned:
        day = min(row.day, today)
        came_in[day] += row.came_in
        went_out[day] += row.went_out
    since, list_url = scope.recent_since(), reverse(LIST)
    days = []
    for ago in range(DAYS):
        day = today - timedelta(days=ago)
        if since is not None and day < since.date():
            break
        days.append(Day(day, came_in[day], went_out[day], balance, _day_url(list_url, day)))
        balance += went_out[day] - came_in[day]
    return days[::-1]


def _day_url(list_url: str, day: date, kinds: Sequence[str] = ()) -> str:
    """Return the address of a list with the entries of one day, of some kinds alone if they are named."""
    filters = "".join(f"&kind={PostingKind(kind).value}" for kind in kinds)
    return f"{list_url}?date_from={day}&date_to={day}{filters}"
