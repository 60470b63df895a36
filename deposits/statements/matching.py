"""From a line of the bank's statement to the top-up that it pays: by itself only where there is no doubt (trust.md D).

A line is matched with the open top-up of its bank and exact amount; everything else waits for the operator's people,
with a reason and suggestions, and is credited by two of them. Lines belong to the operator, so they are matched on its
connection; crediting is then done inside the business (crediting.credit). Each step is a state of the row:
whatever is left half done is found again by the sweep, and what is done is not done twice.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from django.db import IntegrityError, connections, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now, TruncDate
from django.utils.translation import gettext as _

from accounts import operators
from accounts.models import User
from deposits.models import OPEN, Correction, Reason, StatementLine, TopUp, TopUpStatus
from deposits.statements.files import JAKARTA
from deposits.topups import crediting
from deposits.topups import services as topups
from flipdash import banknames, clock, formats, money, rls, states, sweeps
from flipdash.scope import Scope

NEAR = 10_000
"""Rupiah. A payment this close to an awaited one may be it, with a wrong code or less a bank's fee."""
MOST_SUGGESTIONS = 5
REVERSED_WITHIN = timedelta(days=7)  # HOPELESS says it too
"""A payment out of the exact amount so soon after one that came in may be the bank's taking it back."""

Status = StatementLine.Status


@dataclass(frozen=True)
class Suggestion:
    """A top-up that a line may be for, and why."""

    top_up: TopUp
    reason: Reason
    why: str


@dataclass(frozen=True)
class Examined:
    """What is known of a line: the one top-up that it surely pays, or why a person has to look, and at what."""

    match: TopUp | None
    reason: Reason
    suggestions: list[Suggestion]


class CorrectionRefused(Exception):
    """What was to be done by hand can't be; the message says why, in words for people. Nothing was changed."""


class SecondPersonNeeded(CorrectionRefused):
    """Whoever proposed a correction can't approve it."""


# --- What a line may be ------------------------------------------------------------------------------------------


def examine(line: StatementLine) -> Examined:
    """Return what a line is for. Read on the operator's connection, for it may be anybody's."""
    suggestions = list(_suggest(line) if line.amount > 0 else _suggest_taken_back(line))[:MOST_SUGGESTIONS]
    if suggestions and _opposite(line).exists():
        return Examined(None, Reason.REVERSED, suggestions)
    if line.amount < 0:
        return Examined(None, Reason.DEBIT, [])
    if line.reference and line.balance is None and _said_otherwise(line):
        return Examined(None, Reason.CHANGED, suggestions)
    if suggestions and suggestions[0].reason == Reason.NONE and _names_another(line, suggestions[0].top_up):
        return Examined(None, Reason.OTHER_NAME, suggestions)
    if suggestions and suggestions[0].reason == Reason.NONE:
        return Examined(suggestions[0].top_up, Reason.NONE, suggestions)
    return Examined(None, suggestions[0].reason if suggestions else Reason.UNKNOWN, suggestions)


def _suggest(line: StatementLine) -> Iterable[Suggestion]:
    """Yield the top-ups that a line may pay, the likeliest first."""
    top_ups = TopUp.objects.using("operator").filter(mode=line.mode, is_code_held=True).select_related("business")
    if line.whole is not None:  # a top-up has no sen
        exact = top_ups.filter(exact_amount=line.whole)
        of_bank = list(exact.filter(bank=line.bank))
        for top_up in _in_time(line, of_bank):
            yield _of_exact(line, top_up)
        for top_up in of_bank:
            if _day_of(top_up) - line.day == timedelta(days=1):
                words = _("the exact amount, but booked on the day before it was asked for")
                yield Suggestion(top_up, Reason.UNKNOWN, words)
        for top_up in _in_time(line, exact.exclude(bank=line.bank)):
            words = _("the exact amount, but %s was chosen") % top_up.bank_name
            yield Suggestion(top_up, Reason.OTHER_BANK, words)
    about = int(line.amount)
    near = top_ups.filter(bank=line.bank, status__in=OPEN, exact_amount__range=(about - NEAR, about + NEAR))
    near = near.exclude(exact_amount=line.whole) if line.whole is not None else near
    for top_up in sorted(_in_time(line, near[:100]), key=lambda top_up: abs(top_up.exact_amount - line.amount)):
        missing = top_up.exact_amount - line.amount
        if missing > 0:
            yield Suggestion(top_up, Reason.TOO_LITTLE, _("%s less than asked for") % money.with_sen(missing))
        else:
            yield Suggestion(top_up, Reason.TOO_MUCH, _("%s more than asked for") % money.with_sen(-missing))


def _suggest_taken_back(line: StatementLine) -> Iterable[Suggestion]:
    """Yield the top-ups that a payment out may take back: those paid, or awaited, by a payment in of its amount."""
    top_ups = TopUp.objects.using("operator").filter(mode=line.mode, bank=line.bank).select_related("business")
    if line.whole is None:
        return
    about = top_ups.filter(Q(exact_amount=-line.whole) | Q(lines__in=_opposite(line), lines__status__in=PAYING))
    for top_up in _in_time(line, about.order_by("-pk").distinct()):
        words = _("the exact amount went out again: %s") % top_up.status.label
        yield Suggestion(top_up, Reason.REVERSED, words)


def _opposite(line: StatementLine) -> QuerySet[StatementLine]:
    """Return the lines of the same amount the other way: what may have taken this one back, or what it takes back."""
    day = line.booked_on
    days = (day, day + REVERSED_WITHIN) if line.amount > 0 else (day - REVERSED_WITHIN, day)
    rows = StatementLine.objects.using("operator").filter(mode=line.mode, bank=line.bank, amount=-line.amount)
    return rows.filter(booked_on__range=days)


def _of_exact(line: StatementLine, top_up: TopUp) -> Suggestion:
    if top_up.status == TopUpStatus.SUCCESSFUL:
        return Suggestion(top_up, Reason.PAID_TWICE, _("the exact amount, but it is credited already"))
    if not top_up.is_open:
        if line.paid_on and line.paid_on <= top_up.expires_at.astimezone(JAKARTA).date():
            words = _("the exact amount, paid in time (%(day)s) and booked after it was closed: %(status)s")
            said = {"day": formats.day(line.paid_on), "status": top_up.status.label}
            return Suggestion(top_up, Reason.LATE, words % said)
        return Suggestion(top_up, Reason.LATE, _("the exact amount, but it was closed: %s") % top_up.status.label)
    if top_up.is_atm and not _confirms(line, top_up):
        sender = f"{top_up.sender_name}, {top_up.sender_bank}"
        return Suggestion(top_up, Reason.ATM, _("the exact amount, by ATM; the sender should be %s") % sender)
    return Suggestion(top_up, Reason.NONE, _("the exact amount"))


def _in_time(line: StatementLine, top_ups: Iterable[TopUp]) -> list[TopUp]:
    """Leave out the top-ups that didn't exist yet when the line was paid."""
    return [top_up for top_up in top_ups if _day_of(top_up) <= line.day]


def _day_of(top_up: TopUp) -> date:
    """Return the day on which a top-up was asked for, as banks count days."""
    return top_up.created_at.astimezone(JAKARTA).date()


NAME_SHOWN = 15
"""Characters of a sender's name that every bank shows; some show no more."""


def _confirms(line: StatementLine, top_up: TopUp) -> bool:
    """Whether an ATM transfer's line holds the sender's name and the bank that the business told us.

    The name isn't taken out of the text, where every bank puts it elsewhere: it is asked for, as far as all show it. A
    bank may stand as its name, its BI code or its BIC.
    """
    said = f" {_plain(line.sender)} {_plain(line.description)} {_plain(line.sender_bank)} "
    name = _plain(top_up.sender_name)
    has_name = f" {name} " in said or (len(name) > NAME_SHOWN and f" {name[:NAME_SHOWN]}" in said)
    words = banknames.words_for(top_up.sender_bank) or {top_up.sender_bank}
    return has_name and any(f" {_plain(word)} " in said for word in words)


def _names_another(line: StatementLine, top_up: TopUp) -> bool:
    """Whether a payment plainly names another business than the one whose amount it has."""
    said = f" {_plain(line.description)} "
    if f" {_plain(top_up.business.name)} " in said:
        return False
    with connections["operator"].cursor() as cursor:
        cursor.execute(NAMED, [top_up.business_id, said.upper()])
        return any(f" {_plain(name)} " in said for (name,) in cursor.fetchall())


NAMED = """
SELECT name FROM accounts_business
WHERE id <> %s AND length(name) >= 8 AND position(upper(split_part(name, ' ', 1)) IN %s) > 0
"""
"""The other businesses whose first word stands in a text; short names stand in many."""


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text.casefold()).split())


def _said_otherwise(line: StatementLine) -> bool:
    """Whether the bank's reference stands on another payment in of that day that was there before: then one of them was
    changed. References come back on other days, and belong to a payment and its fee."""
    others = StatementLine.objects.using("operator").filter(mode=line.mode, bank=line.bank, reference=line.reference)
    before = others.exclude(reference="").filter(pk__lt=line.pk)  # as statementline_reference says
    return before.filter(booked_on=line.booked_on, amount__gt=0, balance=None).exists()


# --- By itself ---------------------------------------------------------------------------------------------------


def match_due(most: int = 1_000) -> int:
    """Match the new lines, and credit what is matched; returns how many were credited. Several may run at once.

    Each line by itself, and credited in no order: those that can't be handled now, for whatever reason, stop no other.
    """
    sweeps.run(_pass_over_hopeless)
    credited = 0
    for pk in to_match().order_by("pk").values_list("pk", flat=True)[:most]:
        with sweeps.by_itself("statement line", pk):
            match(pk)
    for pk in to_credit().order_by("?").values_list("pk", flat=True)[:most]:
        with sweeps.by_itself("statement line", pk):
            credited += credit_matched(pk)
    sweeps.run(_release_undone)
    return credited


def to_match() -> QuerySet[StatementLine]:
    """Return the new lines that are due.

    What comes in with a day ahead waits for that day; what goes out may take something back that is there already.
    """
    today = TruncDate(Now(), tzinfo=JAKARTA)
    new = StatementLine.objects.using("operator").filter(status=Status.NEW)
    return new.filter(Q(booked_on__lte=today) | Q(amount__lt=0))


def to_credit() -> QuerySet[StatementLine]:
    """Return the lines that are matched and not credited yet."""
    return StatementLine.objects.using("operator").filter(status=Status.MATCHED)


def match(line_id: int) -> StatementLine | None:
    """Match one new line, or put it into the queue with its reason; None when another worker has it or had it."""
    with transaction.atomic(using="operator"):
        rows = StatementLine.objects.using("operator")
        line = rows.select_for_update(skip_locked=True).filter(pk=line_id, status=Status.NEW).first()
        if line is None:
            return None
        found = examine(line)
        if found.reason == Reason.DEBIT:
            states.step(line, Status.IGNORED, reason=Reason.DEBIT)
            return line
        if found.match is None:
            if found.reason == Reason.REVERSED:
                _wake_opposite(line)
            states.step(line, Status.WAITING, reason=found.reason)
            return line
        top_up = TopUp.objects.using("operator").select_for_update().get(pk=found.match.pk)
        if not top_up.is_open or top_up.lines.using("operator").filter(status__in=PAYING).exists():
            is_late = not top_up.is_open and not top_up.is_successful
            states.step(line, Status.WAITING, reason=Reason.LATE if is_late else Reason.PAID_TWICE)
        else:
            _pay(line, top_up)
        return line


def _pay(line: StatementLine, top_up: TopUp) -> None:
    """Match a locked line with the locked top-up that it pays."""
    states.step(
        line,
        Status.MATCHED,
        reason=Reason.NONE,
        top_up_id=top_up.pk,
        business_id=top_up.business_id,
        matched_at=clock.now("operator"),
    )


def _wake_opposite(line: StatementLine) -> None:
    """Let the payments out wait too that were passed over before this payment in was known."""
    explained = Q(corrections__kind=Correction.Kind.IGNORE, corrections__status=Correction.Status.APPROVED)
    passed_over = _opposite(line).filter(status=Status.IGNORED, amount__lt=0).exclude(explained)
    passed_over.update(status=Status.WAITING, reason=Reason.REVERSED)


PAYING = (Status.MATCHED, Status.CREDITED)


def credit_matched(line_id: int, *, at: datetime | None = None) -> bool:
    """Credit a matched line; when its top-up was closed meanwhile, the line goes to the queue. Returns whether it was
    credited now. `at` is for what happened earlier (the seed). What two people matched is credited by the second."""
    line = StatementLine.objects.using("operator").filter(pk=line_id, status=Status.MATCHED).first()
    if line is None:
        return False
    corrections = line.corrections.using("operator").select_related("business", "decided_by")
    approved = corrections.filter(kind=Correction.Kind.CREDIT, status=Correction.Status.APPROVED).last()
    if approved is None and _opposite(line).exists():
        _release(line_id, Reason.REVERSED)  # the bank has taken it back before it was credited
        return False
    top_up = TopUp.objects.using("operator").get(lines=line)
    try:
        return crediting.credit(top_up, line, by=_second_person(approved) if approved else None, at=at).is_new
    except crediting.NotCreditable:
        top_up.refresh_from_db(using="operator")
        _release(line_id, Reason.PAID_TWICE if top_up.is_successful else Reason.LATE)
        return False


def _release(line_id: int, reason: Reason) -> None:
    with transaction.atomic(using="operator"):
        rows = StatementLine.objects.using("operator")
        line = rows.select_for_update().filter(pk=line_id, status=Status.MATCHED).first()
        if line is not None:
            states.step(line, Status.WAITING, reason=reason, top_up_id=None, business_id=None, matched_at=None)


def _release_undone() -> None:
    """Put lines whose credit was taken back into the queue again."""
    rows = StatementLine.objects.using("operator").filter(status=Status.CREDITED, top_up__reversed_at__isnull=False)
    rows.update(
        status=Status.WAITING,
        reason=Reason.UNDONE,
        top_up=None,
        business=None,
        matched_at=None,
        credited_at=None,
    )


def _pass_over_hopeless() -> None:
    """Put all new lines for which nothing awaited comes near into the queue at once, and payments out that nothing
    came in for aside: most lines of a big statement."""
    with connections["operator"].cursor() as cursor:
        today = clock.now("operator").astimezone(JAKARTA).date()
        cursor.execute(HOPELESS, [today, NEAR, NEAR])


HOPELESS = """
UPDATE deposits_statementline l
SET status = CASE WHEN l.amount < 0 THEN 'ignored' ELSE 'waiting' END,
    reason = CASE WHEN l.amount < 0 THEN 'debit' ELSE 'unknown' END
FROM (
    SELECT n.id FROM deposits_statementline n
    WHERE n.status = 'new' AND (n.booked_on <= %s OR n.amount < 0) AND ((n.amount < 0 AND NOT EXISTS (
        SELECT FROM deposits_statementline i
        WHERE i.mode = n.mode AND i.bank = n.bank AND i.amount = -n.amount
            AND i.booked_on BETWEEN n.booked_on - 7 AND n.booked_on
    )) OR (n.amount > 0 AND
        NOT EXISTS (
            SELECT FROM deposits_topup t
            WHERE t.mode = n.mode AND t.is_code_held
                AND t.exact_amount BETWEEN n.amount::bigint - %s AND n.amount::bigint + %s
        )
        AND (n.reference = '' OR n.balance IS NOT NULL OR NOT EXISTS (
            SELECT FROM deposits_statementline o
            WHERE o.mode = n.mode AND o.bank = n.bank AND o.reference = n.reference AND o.reference <> ''
                AND o.booked_on = n.booked_on AND o.amount > 0 AND o.balance IS NULL
                AND o.id + 0 < n.id -- never by the key's index: that reads all lines before, for every line
        ))
    ))
    FOR UPDATE SKIP LOCKED
) AS hopeless
WHERE l.id = hopeless.id
"""


# --- The simulated bank ------------------------------------------------------------------------------------------


def report_simulated(most: int = 100) -> int:
    """Let the simulated bank report the payments that are due; returns how many. Never in Live Mode in production."""
    reported = 0
    for top_up in simulated().order_by("simulated_at")[:most]:
        with sweeps.by_itself("simulated payment of top-up", top_up.pk):
            if topups.is_simulated(top_up.mode):
                reported += report_payment(top_up) is not None
    return reported


def simulated() -> QuerySet[TopUp]:
    """Return the top-ups whose payment the simulated bank reports now."""
    return TopUp.objects.using("operator").filter(simulated_at__lte=Now(), status__in=OPEN)


def report_payment(top_up: TopUp, *, amount: int | None = None, at: datetime | None = None) -> StatementLine | None:
    """Add the line that a bank's statement would have for the payment of a top-up; None when it is there already.

    The simulated bank and the seed call it. `amount` is for a payment that isn't what was asked for, `at` for
    one that came earlier: whoever credits it dates it so.
    """
    paid = top_up.exact_amount if amount is None else amount
    words = f"TRSF E-BANKING CR {top_up.bank_name}"
    if top_up.is_atm:
        words = f"TRSF ATM {top_up.sender_bank} {top_up.sender_name}"
    moment = top_up.marked_at or top_up.created_at
    name = f"simulated/{top_up.pk}/{paid}"
    line = StatementLine(
        bank=top_up.bank,
        mode=top_up.mode,
        booked_on=moment.astimezone(JAKARTA).date(),
        amount=paid,
        description=words,
        sender=top_up.sender_name or top_up.maker_name.upper()[:100],
        reference=f"SIM{top_up.pk}",
        fingerprint=hashlib.sha256(name.encode()).hexdigest(),
        **({"imported_at": at} if at else {}),
    )
    try:
        with transaction.atomic(using="operator"):
            line.save(using="operator", force_insert=True)
    except IntegrityError:
        return None
    return line


# --- By hand: one proposes, another approves ---------------------------------------------------------------------


def propose_credit(line: StatementLine, top_up: TopUp, *, by: User, why: str) -> Correction:
    """Propose that a waiting line be credited to a top-up, of whatever amount; raises CorrectionRefused."""
    with transaction.atomic(using="operator"):
        own_line = StatementLine.objects.using("operator").select_for_update().get(pk=line.pk)
        target = TopUp.objects.using("operator").select_for_update().get(pk=top_up.pk)
        _check_credit(own_line, target)
        return _propose(Correction.Kind.CREDIT, target, by, why, line_id=own_line.pk)


def propose_undo(top_up: TopUp, *, by: User, why: str) -> Correction:
    """Propose that a credit be taken back; raises CorrectionRefused."""
    with transaction.atomic(using="operator"):
        target = TopUp.objects.using("operator").select_for_update().get(pk=top_up.pk)
        if not target.is_successful:
            raise CorrectionRefused(_("This top-up isn’t credited, so there is nothing to take back."))
        return _propose(Correction.Kind.UNDO, target, by, why)


def propose_ignore(line: StatementLine, *, by: User, why: str) -> Correction:
    """Propose that a line which may have been taken back needs nothing more; raises CorrectionRefused."""
    with transaction.atomic(using="operator"):
        own_line = StatementLine.objects.using("operator").select_for_update().get(pk=line.pk)
        _check_waits(own_line)
        about = examine(own_line).suggestions
        if own_line.reason != Reason.REVERSED or not about:
            raise CorrectionRefused(_("Only a payment that may have been taken back is put away."))
        return _propose(Correction.Kind.IGNORE, about[0].top_up, by, why, line_id=own_line.pk)


def _propose(kind: Correction.Kind, top_up: TopUp, by: User, why: str, line_id: int | None = None) -> Correction:
    operators.ask_again(by, using="operator")
    if not why.strip():
        raise CorrectionRefused(_("Say why."))
    rows = Correction.objects.using("operator")
    if rows.filter(Q(top_up=top_up) | Q(line_id=line_id, line__isnull=False), status="waiting").exists():
        raise CorrectionRefused(_("A correction of this waits for a second person already."))
    return rows.create(
        business_id=top_up.business_id,
        mode=top_up.mode,
        kind=kind,
        line_id=line_id,
        top_up_id=top_up.pk,
        why=why.strip()[:200],
        proposed_by_id=by.pk,
    )


def _check_waits(line: StatementLine) -> None:
    if line.status != Status.WAITING:
        raise CorrectionRefused(_("This line doesn’t wait any more: %s.") % line.get_status_display())


def _check_credit(line: StatementLine, top_up: TopUp) -> None:
    _check_waits(line)
    if line.amount < 0:
        raise CorrectionRefused(_("Money that went out can’t be credited."))
    if line.whole is None:
        raise CorrectionRefused(_("This line has sen, and a deposit has none."))
    if line.mode != top_up.mode:
        raise CorrectionRefused(_("This line and this top-up are of different modes."))
    if top_up.posting_id is not None:
        raise CorrectionRefused(_("This top-up was credited before. Ask the business to make a new one."))
    if top_up.lines.using("operator").filter(status__in=PAYING).exists():
        raise CorrectionRefused(_("Another line pays this top-up."))


def approve(correction: Correction, *, by: User) -> Correction:
    """Do what somebody else has proposed. Raises SecondPersonNeeded, CorrectionRefused (decided already, changed
    meanwhile), and ledger.NotEnoughDeposit when a credit to be taken back is spent."""
    if correction.kind == Correction.Kind.UNDO:
        return _approve_undo(correction, by)
    if correction.kind == Correction.Kind.IGNORE:
        return _approve_ignore(correction, by)
    with transaction.atomic(using="operator"):
        mine = _decidable(correction, by, using="operator")
        line = StatementLine.objects.using("operator").select_for_update().get(corrections=mine)
        top_up = TopUp.objects.using("operator").select_for_update().get(pk=mine.top_up_id)
        _check_credit(line, top_up)
        _decide(mine, Correction.Status.APPROVED, by, using="operator")
        _pay(line, top_up)
    credit_matched(line.pk)
    return mine


def _approve_undo(correction: Correction, by: User) -> Correction:
    with rls.inside_of(correction.business_id, correction.mode), transaction.atomic():
        top_up = TopUp.objects.get(pk=correction.top_up_id)
        mine = _decidable(correction, by, using="default")
        _decide(mine, Correction.Status.APPROVED, by, using="default")
        try:
            crediting.take_back(top_up, by=_second_person(mine))
        except crediting.NotCreditable as problem:
            raise CorrectionRefused(str(problem)) from problem
    _release_undone()
    return mine


def _approve_ignore(correction: Correction, by: User) -> Correction:
    with transaction.atomic(using="operator"):
        mine = _decidable(correction, by, using="operator")
        line = StatementLine.objects.using("operator").select_for_update().get(corrections=mine)
        _check_waits(line)
        _decide(mine, Correction.Status.APPROVED, by, using="operator")
        states.step(line, Status.IGNORED)
    return mine


def reject(correction: Correction, *, by: User) -> Correction:
    """Decide that a proposal isn't done; whoever made it may do that too."""
    with transaction.atomic(using="operator"):
        mine = _lock_waiting(correction, by, using="operator")
        _decide(mine, Correction.Status.REJECTED, by, using="operator")
    return mine


def _second_person(correction: Correction) -> Scope:
    """Return what whoever approved a correction acts as."""
    return operators.scope(cast(User, correction.decided_by), correction.business, correction.mode)


def _decidable(correction: Correction, by: User, *, using: str) -> Correction:
    mine = _lock_waiting(correction, by, using=using)
    if mine.proposed_by_id == by.pk:
        raise SecondPersonNeeded(_("You have proposed this yourself: somebody else has to approve it."))
    return mine


def _lock_waiting(correction: Correction, by: User, *, using: str) -> Correction:
    mine = Correction.objects.using(using).select_for_update().get(pk=correction.pk)
    operators.ask_again(by, using=using)
    if mine.status != Correction.Status.WAITING:
        raise CorrectionRefused(_("Somebody has decided this already: %s.") % mine.get_status_display())
    return mine


def _decide(correction: Correction, status: Correction.Status, by: User, *, using: str) -> None:
    states.step(correction, status, decided_by_id=by.pk, decided_at=clock.now(using))
