"""Money Transfer: a transfer is made, once for each form; and what is its own in the life that all products share.

What follows (approve, send, answer) is transactions/outgoing's.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import Permission
from accounts.rights import ask_again
from flipdash import clock, db, events
from flipdash.scope import Scope
from transactions import rails
from transactions.destinations import label_of
from transactions.fees import FEES
from transactions.models import Beneficiary, MoneyTransfer, Refund, Status, TransferSeries, Via
from transactions.models.base import MAY_BE_PAID
from transactions.models.refund import COUNTED
from transactions.outgoing import acts, changes, products, twice
from transactions.outgoing.refusals import MayBeTwice, OutgoingRefused
from transactions.rails import Holder, HolderStatus, Payout, Question, RailProblem, simulator
from transactions.transfers import accounts, names
from transactions.transfers import twins as many
from transactions.transfers.twins import MOST_TWINS, TWICE_WITHIN

REMARK = 18
"""Characters of a remark that reach the bank."""
SENT_AT = time(9)
"""When a transfer of a chosen day is sent, in the business's zone."""
FARTHEST = timedelta(days=366)
Twin = MoneyTransfer | Refund
"""What may be the same money."""


class NameDiffers(OutgoingRefused):
    """The bank has another name than was typed, or said none, and nobody has written why that is right."""


class AccountRefused(OutgoingRefused):
    """The bank says that nothing can be paid to this account."""


class WrongDate(OutgoingRefused):
    """Nothing can be sent on this day."""


class SentBefore(OutgoingRefused):
    """The same form has made something else: a transfer, or one that repeats."""

    def __init__(self) -> None:
        super().__init__(_("This form was sent before, and has made what it said then. Nothing more was made."))


@dataclass(frozen=True)
class Draft:
    """What a person wants to send. Amounts are rupiah; the account number is clean."""

    kind: str
    bank: str
    account_number: str
    amount: int
    beneficiary_name: str = ""
    holder_name: str = ""
    """Whose account it is, as the bank said."""
    name_reason: str = ""
    """Why it is paid though the bank has another name, or has said none."""
    beneficiary_email: str = ""
    remark: str = ""
    internal_reference: str = ""
    send_on: date | None = None
    is_sure: bool = False
    """Whether it is paid whatever its possible duplicates are."""
    seen_twins: frozenset[int] = frozenset()
    """The ids of possible duplicates that somebody saw, and said are none of them."""
    is_unanswered: bool = False
    """Whether the bank was asked for a person whose account it is, and didn't say."""

    @property
    def fee(self) -> int:
        """What it costs."""
        return FEES[self.kind]

    @property
    def total(self) -> int:
        """What the deposit pays."""
        return self.amount + self.fee

    @property
    def name_differs(self) -> bool:
        """Whether the bank has another name than was typed."""
        return bool(self.beneficiary_name and self.holder_name) and not names.is_same(
            self.beneficiary_name, self.holder_name
        )

    @property
    def wants_reason(self) -> bool:
        """Whether somebody has to write why it is paid all the same."""
        return self.name_differs or self.is_unanswered


@dataclass(frozen=True)
class Created:
    """The transfer that a form made; `is_new` is false when the same form had made it before."""

    transfer: MoneyTransfer
    is_new: bool


# --- Before it is made -------------------------------------------------------------------------------------------


def look_up(scope: Scope, bank: str, account_number: str) -> Holder:
    """Ask the rail whose account it is; where nobody answers, that is the answer."""
    try:
        return inquire(scope, bank, account_number)
    except (RailProblem, rails.NoRail):
        return Holder(HolderStatus.FAILED)


def inquire(scope: Scope, bank: str, account_number: str) -> Holder:
    """Ask the rail whose account it is. Raises RailProblem, NoRail."""
    return rails.serving(scope.mode).inquire(Question(scope.business.pk, scope.mode, bank, account_number))


def is_unanswered(holder: Holder) -> bool:
    """Return whether a bank that was asked hasn't said whose account it is."""
    return holder.status in (HolderStatus.PENDING, HolderStatus.FAILED)


def check_holder(holder: Holder) -> None:
    """Raise AccountRefused for an account that can't be paid."""
    words = {
        HolderStatus.NOT_FOUND: _("This bank has no such account. Check the number with the beneficiary."),
        HolderStatus.CLOSED: _("This account is closed. Ask the beneficiary for another one."),
        HolderStatus.BLACKLISTED: _("This account is known for fraud. Nothing can be sent to it."),
    }
    if said := words.get(holder.status):
        raise AccountRefused(said)


def moment_of(scope: Scope, send_on: date | None) -> datetime | None:
    """Return when a transfer of a chosen day is sent; None for at once. Raises WrongDate."""
    if send_on is None:
        return None
    today = scope.now().astimezone(scope.zone).date()
    if send_on < today:
        raise WrongDate(_("This day is over. Choose today or a day to come."))
    if send_on > today + FARTHEST:
        raise WrongDate(_("This is more than a year from now."))
    return datetime.combine(send_on, SENT_AT, tzinfo=scope.zone) if send_on > today else None


def twins(
    scope: Scope,
    *,
    bank: str,
    account_number: str,
    amount: int,
    internal_reference: str = "",
    but: int = 0,
    series: int | None = None,
) -> Sequence[Twin]:
    """Return what may be the same money: the same account and amount, or Internal Reference, by whatever channel.

    Made or dated in the last 30 days, dated later, or on its way, unless it went back; the newest MOST_TWINS of them.
    Other days of the same series are meant to be the same. Then come as many refunds to the same account.
    """
    same = _same(bank, account_number, amount, internal_reference)
    rows = may_be_twice(scope, same).exclude(pk=but)
    given = refunds_to(scope, Q(bank=bank, account_number=account_number, amount=amount))
    return [*(rows.exclude(series=series) if series else rows)[:MOST_TWINS], *given[:MOST_TWINS]]


def refunds_to(scope: Scope, same: Q) -> QuerySet:
    """Return the refunds of 30 days that are the same as something, and haven't gone back, the newest first."""
    rows = Refund.objects.visible_to(scope, searched=True).filter(COUNTED, same, created_at__gte=Now() - TWICE_WITHIN)
    return rows.order_by("-created_at", "-pk")


def the_same(row: MoneyTransfer) -> Q:
    """Return what a transfer that may be the same money has in common with a row."""
    return _same(row.bank, row.account_number, row.amount, row.internal_reference)


def _same(bank: str, account_number: str, amount: int, internal_reference: str) -> Q:
    same = Q(bank=bank, account_number=account_number, amount=amount)
    return same | Q(internal_reference=internal_reference) if internal_reference else same


def may_be_twice(scope: Scope, same: Q) -> QuerySet:
    """Return the rows that are the same as something, and haven't gone back, the newest first."""
    since = Now() - TWICE_WITHIN
    lately = Q(created_at__gte=since) | Q(send_at__gte=since) | Q(status__in=Status.open())
    rows = MoneyTransfer.objects.visible_to(scope, searched=True).filter(same, lately, returned_at=None)
    return rows.filter(MAY_BE_PAID).order_by("-created_at", "-pk")


def _twins_of_each(scope: Scope) -> QuerySet:
    """Return what each row of an outer query may pay once more."""
    same = Q(**{name: OuterRef(name) for name in ("bank", "account_number", "amount")})
    same |= Q(internal_reference=OuterRef("internal_reference")) & ~Q(internal_reference="")
    of_another = Q(series=None) | ~Q(series=Coalesce(OuterRef("series"), 0))
    return may_be_twice(scope, same).filter(of_another).exclude(pk=OuterRef("pk"))


def _refunded_to_each(scope: Scope) -> QuerySet:
    """Return the refunds that each row of an outer query may pay once more."""
    return refunds_to(scope, Q(**{name: OuterRef(name) for name in ("bank", "account_number", "amount")}))


def _paid_before_each(scope: Scope) -> QuerySet:
    """Return what has arrived at the account of each row of an outer query."""
    same = {name: OuterRef(name) for name in ("bank", "account_number")}
    return MoneyTransfer.objects.visible_to(scope, searched=True).filter(status=Status.SUCCESSFUL, **same)


def twins_of_draft(scope: Scope, draft: Draft) -> Sequence[Twin]:
    """Return what a draft may pay once more."""
    return twins(
        scope,
        bank=draft.bank,
        account_number=draft.account_number,
        amount=draft.amount,
        internal_reference=draft.internal_reference,
    )


def goes_at_once(scope: Scope, draft: Draft) -> bool:
    """Whether making it also approves it: its maker may approve, and the rule asks for nobody else."""
    row = MoneyTransfer(amount=draft.amount, **scope.actor.columns("maker"))
    return acts.goes_at_once(scope, row)


def is_new_account(scope: Scope, row: MoneyTransfer | TransferSeries) -> bool:
    """Whether nothing has ever arrived at a row's account before."""
    rows = MoneyTransfer.objects.visible_to(scope, searched=True)
    return not rows.filter(account_number=row.account_number, bank=row.bank, status=Status.SUCCESSFUL).exists()


# --- Making it ---------------------------------------------------------------------------------------------------


def made_before(scope: Scope, made_key: str) -> MoneyTransfer | None:
    """Return what a form has made already; what is no key at all has made nothing."""
    try:
        key = uuid.UUID(made_key)
    except ValueError:
        return None
    found: MoneyTransfer | None = MoneyTransfer.objects.visible_to(scope, searched=True).filter(made_key=key).first()
    return found


def create(scope: Scope, draft: Draft, *, made_key: uuid.UUID, via: str = Via.DASHBOARD) -> Created:
    """Make a transfer, once for each form key, whatever is sent with it later. Who may approve it has approved it.

    Raises AccountRefused, NameDiffers, MayBeTwice, WrongDate, SentBefore, ShortOfMoney, NothingSends, NotAllowed;
    WrongAccount and WrongAmount for what a form should have refused.
    """
    with transaction.atomic():
        # A twin of this form waits here, and then finds our row.
        db.lock(f"form/{scope.business.pk}/{scope.mode}/{made_key}")
        ask_again(scope, Permission.CREATE_TRANSACTIONS)
        rows = MoneyTransfer.objects.visible_to(scope, searched=True)
        if before := rows.filter(made_key=made_key).first():
            return Created(before, is_new=False)
        if TransferSeries.objects.visible_to(scope).filter(made_key=made_key).exists():
            raise SentBefore
        acts.one_at_a_time(scope, MONEY_TRANSFERS)
        check_draft(scope, draft)
        transfer = add(scope, draft, made_key=made_key, via=via)
        if goes_at_once(scope, draft):
            ask_again(scope, Permission.APPROVE_TRANSACTIONS)
            acts.let_go(scope, MONEY_TRANSFERS, transfer)
    return Created(transfer, is_new=True)


def check_draft(scope: Scope, draft: Draft) -> None:
    """Raise what is wrong with a draft that a form, or a call, should have refused."""
    accounts.check_amount(draft.kind, draft.amount)
    if accounts.clean_account(draft.kind, draft.bank, draft.account_number) != draft.account_number:
        raise accounts.WrongAccount(draft.account_number)
    check_reason(draft)
    if not draft.is_sure and twice.is_new(draft, twins_of_draft(scope, draft)):
        raise MayBeTwice


def check_reason(draft: Draft) -> None:
    """Raise NameDiffers unless somebody wrote why it is paid though the bank names somebody else, or nobody."""
    if draft.name_differs and not draft.name_reason:
        raise NameDiffers(_("The bank has another name for this account. Write why it is right."))
    if draft.is_unanswered and not draft.name_reason:
        raise NameDiffers(_("No bank has said whose account this is. Write why it is paid all the same."))


def add(scope: Scope, draft: Draft, *, via: str, made_key: uuid.UUID | None = None, **known_by: Any) -> MoneyTransfer:
    """Write the row of a draft, which nobody has approved yet. Raises WrongDate.

    `known_by` is its idempotency key, or its series and the day.
    """
    transfer = row_of(scope, draft, via=via, made_key=made_key, **known_by)
    transfer.save(force_insert=True)
    transfer.refresh_from_db()
    events.record(scope, MONEY_TRANSFERS.kind("created"), transfer, **changes.facts_of(transfer))
    return transfer


def row_of(scope: Scope, draft: Draft, **more: Any) -> MoneyTransfer:
    """Return the row of a draft, which nobody has approved yet. Raises WrongDate."""
    return MoneyTransfer(
        business_id=scope.business.pk,
        mode=scope.mode,
        status=Status.PENDING_APPROVAL,
        destination_kind=draft.kind,
        bank=draft.bank,
        account_number=draft.account_number,
        beneficiary_name=draft.beneficiary_name or draft.holder_name,
        holder_name=draft.holder_name,
        name_reason=draft.name_reason if draft.wants_reason else "",
        beneficiary_email=draft.beneficiary_email,
        amount=draft.amount,
        fee=draft.fee,
        remark=draft.remark,
        internal_reference=draft.internal_reference,
        send_at=moment_of(scope, draft.send_on),
        **scope.actor.columns("maker"),
        **more,
    )


# --- Beneficiaries -----------------------------------------------------------------------------------------------


def save_beneficiary(scope: Scope, draft: Draft) -> Beneficiary:
    """Save whom a draft pays, or renew the name and address of who is saved. Raises NotAllowed."""
    with transaction.atomic():
        ask_again(scope, Permission.CREATE_TRANSACTIONS)
        saved, _is_new = Beneficiary.objects.update_or_create(
            business_id=scope.business.pk,
            mode=scope.mode,
            destination_kind=draft.kind,
            bank=draft.bank,
            account_number=draft.account_number,
            defaults={"name": draft.beneficiary_name or draft.holder_name, "email": draft.beneficiary_email},
            create_defaults={
                "name": draft.beneficiary_name or draft.holder_name,
                "email": draft.beneficiary_email,
                **scope.actor.columns("saver"),
            },
        )
    return saved


# --- Its own in the life of all products -------------------------------------------------------------------------


def _payout(key: str, row: MoneyTransfer) -> Payout:
    return Payout(
        key=key,
        business_id=row.business_id,
        mode=row.mode,
        bank=row.bank,
        account_number=row.account_number,
        beneficiary_name=row.beneficiary_name,
        amount=row.amount,
        remark=row.remark[:REMARK],
    )


def _shown(row: MoneyTransfer) -> dict[str, Any]:
    names = ("destination_kind", "bank", "account_number", "beneficiary_name", "holder_name", "name_reason", "remark")
    others = ("internal_reference", "beneficiary_email", "send_at")
    return {name: getattr(row, name) for name in (*names, *others)}


def _twins_of(scope: Scope, row: MoneyTransfer) -> Sequence[Twin]:
    """What a row may pay once more: what is older than it."""
    return twins(
        scope,
        bank=row.bank,
        account_number=row.account_number,
        amount=row.amount,
        internal_reference=row.internal_reference,
        but=row.pk,
        series=row.series_id,
    )


def _paid(rows: Sequence[MoneyTransfer]) -> None:
    """Note when the saved beneficiaries of some transfers of a business were last paid."""
    paid = {(row.destination_kind, row.bank, row.account_number) for row in rows}
    saved = Beneficiary.objects.filter(business_id=rows[0].business_id, mode=rows[0].mode)
    saved = saved.filter(account_number__in={number for _kind, _bank, number in paid})
    known = saved.values_list("pk", "destination_kind", "bank", "account_number")
    if theirs := [pk for pk, *account in known if tuple(account) in paid]:
        Beneficiary.objects.filter(pk__in=theirs).update(paid_at=clock.now())


MONEY_TRANSFERS = products.register(
    products.Product(
        source="money_transfer",
        area="transfer",
        label=gettext_lazy("Money transfer"),
        label_of_many=gettext_lazy("Money transfers"),
        model=MoneyTransfer,
        list_url_name="transactions:transfers",
        row_url_name="transactions:transfer-detail",
        approval_url_name="transactions:transfer-approval",
        rejection_url_name="transactions:transfer-rejection",
        cancellation_url_name="transactions:transfer-cancellation",
        forced_url_name="transactions:transfer-forced",
        create_url_name="transactions:transfer-create",
        payout=_payout,
        bank=lambda row: row.bank,
        destination=lambda row: label_of(row.destination_kind, row.bank),
        shown=_shown,
        duplicates=_twins_of,
        twins=many.of_many,
        look=products.Look(
            twins=_twins_of_each,
            sent=_refunded_to_each,
            paid_before=_paid_before_each,
            name_differs=~Q(name_reason="") & ~Q(holder_name=""),
            is_unnamed=Q(holder_name=""),
            bank="bank",
            batch="batch",
            series="series",
        ),
        paid=_paid,
    )
)


@simulator.knows_names
def _paid_before(question: Question) -> str:
    """Whose account it is, by what was last paid to it."""
    rows = MoneyTransfer.objects.filter(
        business_id=question.business_id,
        mode=question.mode,
        bank=question.bank,
        account_number=question.account_number,
        status=Status.SUCCESSFUL,
    )
    return rows.order_by("-created_at").values_list("beneficiary_name", flat=True).first() or ""
