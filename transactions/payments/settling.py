"""Settlement: what was paid on a day reaches the deposit on the next day on which banks work (docs/payments.md).

One settlement of a business, a mode and a day takes three stages, each in steps of a few thousand payments that a kill
undoes or leaves whole: which payments it is of; their sum less the fees, as one posting of the ledger, after which none
is added; and each of them told that it is settled, with its line and its callback. Whatever is done twice changes
nothing: a payment belongs to one settlement, a settlement is posted once by its number, and a payment moves once.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy

from accounts.models import Business
from deposits import ledger
from flipdash import clock, events, rls, sweeps
from flipdash.leases import Worker
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.channels import NAMES
from transactions.models import Payment, PaymentStatus, Settlement, SettlementRun
from transactions.payments import calendar

USING = "operator"
SOURCE = "settlement"
"""As the ledger names a settlement."""
STEP = 5_000
"""Payments that are written in one transaction."""
AT_A_TIME = 300
"""How many settlements one sweep begins; those that can't begin aren't counted, so that they keep no other out."""
FIRST = (datetime(1970, 1, 1, tzinfo=UTC), 0)
"""Before all payments."""
Status = SettlementRun.Status

SETTLEMENTS = Worker(
    "settlements",
    SettlementRun,
    per=("business", "mode"),  # what is tried in Test Mode keeps nobody's money waiting
    is_alone=True,
    most_attempts=30_000,  # what is owed to a business is tried until it is done
    longest_wait=timedelta(minutes=5),
    related=("business",),
    using=USING,
    words=gettext_lazy("Settlements"),
)

Tell = Callable[[Scope, Sequence[int]], None]
_tellers: list[Tell] = []


def on_settled(tell: Tell) -> Tell:
    """Register what is called with the ids of payments that were just settled, in the same transaction."""
    if tell not in _tellers:
        _tellers.append(tell)
    return tell


def due_in(rows: Any) -> Any:
    """Return those of some payments that wait for a settlement: they were paid here, not in another system."""
    return rows.filter(settlement_status=Settlement.PENDING, slug__isnull=False, status=PaymentStatus.SUCCESSFUL)


def waits(payment: Payment) -> bool:
    """Return whether a payment waits for its settlement."""
    return payment.settlement_status == Settlement.PENDING and payment.slug is not None and payment.is_successful


def by_channel(scope: Scope, run: SettlementRun) -> list[tuple[str, int, int, int, int]]:
    """Return what a settlement is of, by channel: its name, how many payments, their rupiah, fees, and what is left."""
    rows = Payment.objects.visible_to(scope, searched=True).filter(settled_in__run=run).values_list("channel")
    sums = rows.annotate(n=Count("pk"), rupiah=Sum("amount"), fees=Sum("fee")).order_by("-rupiah", "channel")
    return [(NAMES.get(code, code), n, rupiah, fees, rupiah - fees) for code, n, rupiah, fees in sums]


# --- When ------------------------------------------------------------------------------------------------------------


def is_late(scope: Scope, payment: Payment) -> bool:
    """Return whether the settlement that a payment belongs to was given up: nobody knows its day then."""
    runs = SettlementRun.objects.visible_to(scope, searched=True).filter(status=Status.FAILED)
    return waits(payment) and bool(runs.filter(payments__payment=payment.pk).exists())


def day_of(scope: Scope, payment: Payment) -> date | None:
    """Return the day on which a payment will be settled; None for one that won't be, or is, or that is late."""
    if not waits(payment) or payment.paid_at is None:
        return None
    runs = SettlementRun.objects.visible_to(scope, searched=True)
    today = scope.now().astimezone(scope.zone).date()
    taken = runs.filter(payments__payment=payment.pk).values_list("day", "status").first()
    if taken is not None:
        return None if taken[1] == Status.FAILED else max(taken[0], today)
    # What is known too late for the day that was meant comes with the next one. A settlement takes payments in the
    # order in which they were paid, and once: whether it is past this one, nobody can say while it runs.
    is_over = runs.filter(day=today, payment=None).exclude(status=Status.QUEUED, posted_at=None).exists()
    following = calendar.banking_day_after(today) if is_over or not calendar.is_banking_day(today) else today
    return max(calendar.banking_day_after(payment.paid_at.astimezone(scope.zone).date()), following)


def begin_due() -> int:
    """Begin the settlements whose day has come, each once, whoever looks at the same time; returns how many."""
    now = clock.now()
    due = (one for zone in Business.TimeZone.values for one in _waiting(ZoneInfo(zone), now))
    begun = len(list(islice((one for one in due if _begin(*one)), AT_A_TIME)))
    if begun:
        SETTLEMENTS.wake()
    return begun


def _waiting(zone: ZoneInfo, now: datetime) -> Iterator[tuple[int, str, date, datetime]]:
    """Yield the businesses of a zone that have something to settle and haven't begun: mode, day, and when it began."""
    here = now.astimezone(zone)
    day, until = here.date(), calendar.begins(here.date(), zone)
    if here.time() < calendar.FROM or not calendar.is_banking_day(day):
        return
    for mode in Mode.values:
        of_one = {"business": OuterRef("pk"), "mode": mode}
        # What a settlement has that isn't done waits for that one, and so does what was paid before its end and known
        # too late: it is looked for once that is tried again. Without reading all that it has, each time.
        of_run = {"business": OuterRef(OuterRef("pk")), "mode": mode, "payment": None}
        undone = SettlementRun.objects.using(USING).filter(**of_run).exclude(status=Status.DONE)
        since = Coalesce(Subquery(undone.order_by("-until").values("until")[:1]), FIRST[0])
        waiting = due_in(Payment.objects.using(USING)).filter(**of_one, paid_at__lt=until, settled_in=None)
        waits = waiting.filter(paid_at__gte=since)
        begun = SettlementRun.objects.using(USING).filter(**of_one, day=day, payment=None)
        them = Business.objects.using(USING).filter(Exists(waits), ~Exists(begun), time_zone=zone.key)
        for pk in list(them.order_by("pk").values_list("pk", flat=True)):
            yield pk, mode, day, until


def _begin(business_id: int, mode: str, day: date, until: datetime) -> bool:
    """Begin one; whatever keeps it from that is logged, comes again with the next sweep, and keeps no other."""
    run = SettlementRun(business_id=business_id, mode=mode, day=day, until=until)
    is_begun = False
    with sweeps.by_itself(f"{mode} settlement of {day} for business", business_id):
        with rls.inside_of(business_id, mode), transaction.atomic():
            SettlementRun.objects.bulk_create([run], ignore_conflicts=True)
        is_begun = True
    return is_begun


@SETTLEMENTS.tidies
def tidy() -> None:
    """Begin what is due."""
    begin_due()


class Asked(Enum):
    """What asking for a settlement at once has done."""

    NOTHING = auto()
    """The payment waits for none: it is settled, or was never paid."""
    UNDER_WAY = auto()
    """It is being settled already."""
    BEGUN = auto()


def settle_now(scope: Scope, payment: Payment) -> Asked:
    """Settle one payment at once, in Test Mode; what was given up before is tried again."""
    if not scope.is_test or not due_in(Payment.objects.visible_to(scope, searched=True)).filter(pk=payment.pk).exists():
        return Asked.NOTHING
    runs = SettlementRun.objects.visible_to(scope, searched=True)
    if (taken := runs.filter(payments__payment=payment.pk).first()) is not None:
        return Asked.BEGUN if try_again(taken) else Asked.UNDER_WAY
    now = scope.now()
    day = now.astimezone(scope.zone).date()
    alone = {"business_id": payment.business_id, "mode": payment.mode, "payment": payment}
    run, is_new = SettlementRun.objects.get_or_create(**alone, defaults={"day": day, "until": now})
    if not is_new:
        return Asked.BEGUN if try_again(run) else Asked.UNDER_WAY
    SETTLEMENTS.wake_on_commit()
    return Asked.BEGUN


def try_again(run: SettlementRun) -> bool:
    """Let a settlement that was given up be worked on once more, from where it was; False if it wasn't given up."""
    values = {"status": Status.QUEUED, "attempt": 0, "due_at": Now(), "finished_at": None, "problem": ""}
    with rls.inside_of(run.business_id, run.mode):
        if not SettlementRun.objects.filter(pk=run.pk, status=Status.FAILED).update(**values):
            return False
        SETTLEMENTS.wake_on_commit()
    return True


# --- The work --------------------------------------------------------------------------------------------------------


@SETTLEMENTS.runs
def _work(run: SettlementRun) -> None:
    with rls.inside_of(run.business_id, run.mode):
        _in_steps(run, gather)
        post(run)
        _in_steps(run, mark)
    SETTLEMENTS.finish(run, Status.DONE)


def _in_steps(run: SettlementRun, step: Callable[[SettlementRun, Any], Any]) -> None:
    """Take one step after the other, each from where the last one ended; raises Stopped when it isn't ours any more."""
    place = None
    while (place := step(run, place)) is not None:
        SETTLEMENTS.note(run)


GATHER = """
WITH them AS (
    SELECT p.id, p.paid_at FROM transactions_payment p
    WHERE p.business_id = %(business)s AND p.mode = %(mode)s AND p.settlement_status = 'pending'
        AND p.slug IS NOT NULL AND p.status = 'successful' AND {which}
    ORDER BY p.paid_at, p.id LIMIT %(most)s
), added AS (
    INSERT INTO transactions_settledpayment (payment_id, run_id, business_id, mode)
    SELECT t.id, %(run)s, %(business)s, %(mode)s FROM them t ORDER BY t.id
    ON CONFLICT (payment_id) DO NOTHING
)
SELECT t.paid_at, t.id FROM them t ORDER BY t.paid_at DESC, t.id DESC LIMIT 1
"""
BEFORE = "p.paid_at < %(until)s AND (p.paid_at, p.id) > (%(after_at)s, %(after_id)s)"
ALONE = "p.id = %(payment)s AND p.id > %(after_id)s"


def gather(run: SettlementRun, after: tuple[Any, int] | None) -> tuple[Any, int] | None:
    """Take the next payments after one into a settlement; return the last of them, or None when there is no more."""
    after_at, after_id = after or FIRST
    asked = {
        **_owner(run),
        **{"until": run.until, "payment": run.payment_id, "after_at": after_at, "after_id": after_id, "most": STEP},
    }
    with transaction.atomic():
        if _locked(run).posted_at is not None:
            return None
        with connection.cursor() as cursor:
            cursor.execute(GATHER.format(which=ALONE if run.payment_id else BEFORE), asked)
            last: tuple[Any, int] | None = cursor.fetchone()
    return last


SUMS = """
SELECT p.channel, count(*), sum(p.amount)::bigint, sum(p.fee)::bigint
FROM transactions_settledpayment d JOIN transactions_payment p ON p.id = d.payment_id
WHERE d.run_id = %(run)s AND p.business_id = %(business)s AND p.mode = %(mode)s GROUP BY 1 ORDER BY 1
"""


def post(run: SettlementRun) -> None:
    """Bring the sum of a settlement into the deposit: once, however often it is asked for."""
    with transaction.atomic():
        locked = _locked(run)
        if locked.posted_at is not None:
            return
        with connection.cursor() as cursor:
            cursor.execute(SUMS, _owner(run))
            sums = cursor.fetchall()
        count, amount, fee = (sum(row[place] for row in sums) for place in (1, 2, 3))
        scope = Scope.by_itself(run.business, run.mode)
        posting = None
        if count:
            amounts = {channel: of_channel for channel, _count, of_channel, _fee in sums}
            posting = ledger.settle_many(scope, ledger.Source(SOURCE, run.pk), amounts=amounts, fee=fee).id
        values = {"count": count, "amount": amount, "fee": fee, "net": amount - fee, "posting_id": posting}
        SettlementRun.objects.filter(pk=run.pk).update(posted_at=Now(), **values)
        if count:
            events.record(scope, "settlement.posted", locked, count=count, amount=amount - fee, fee=fee)


MARK = """
WITH them AS (
    SELECT d.payment_id AS id FROM transactions_settledpayment d
    WHERE d.run_id = %(run)s AND d.payment_id > %(after)s ORDER BY d.payment_id LIMIT %(most)s
), changed AS (
    UPDATE transactions_payment p
    SET settlement_status = 'settled', settled_amount = p.amount - p.fee,
        settled_at = greatest(%(at)s::timestamptz, p.paid_at)
    FROM them t
    WHERE p.id = t.id AND p.business_id = %(business)s AND p.mode = %(mode)s AND p.settlement_status = 'pending'
    RETURNING p.id
), lines AS (
    INSERT INTO transactions_paymentevent (business_id, mode, payment_id, kind, by_kind, by_id, by_name, note)
    SELECT %(business)s, %(mode)s, c.id, 'settled', %(by_kind)s, %(by_id)s, %(by_name)s, '' FROM changed c ORDER BY c.id
)
SELECT (SELECT max(t.id) FROM them t), (SELECT array_agg(c.id ORDER BY c.id) FROM changed c)
"""


def mark(run: SettlementRun, after: int | None) -> int | None:
    """Let the next payments after one be settled; return the last of them, or None when there is no more."""
    with transaction.atomic():
        locked = _locked(run)
        scope = Scope.by_itself(run.business, run.mode)
        asked = {
            **_owner(run),
            **{"after": after or 0, "most": STEP, "at": locked.posted_at},
            **scope.actor.columns("by"),
        }
        with connection.cursor() as cursor:
            cursor.execute(MARK, asked)
            last, changed = cursor.fetchone()
        for tell in _tellers if changed else ():
            tell(scope, changed)
    return last


def _locked(run: SettlementRun) -> SettlementRun:
    """Return a settlement as it is now, locked: two workers, of which one is late, do one step after the other."""
    locked: SettlementRun = SettlementRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    return locked


def _owner(run: SettlementRun) -> dict[str, Any]:
    return {"business": run.business_id, "mode": str(run.mode), "run": run.pk}
