"""Refund: what a payer gets back is asked for, once for each form; and what is its own in the life of all that is sent.

What follows (approve, wait for the deposit, send, answer) is transactions/outgoing's, and where it goes is judged as of
a transfer (transactions/transfers).
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import Permission
from accounts.rights import ask_again
from flipdash import clock, db, events, money
from flipdash.scope import Scope
from transactions.channels import ChannelKind
from transactions.destinations import EWALLETS, Kind, label_of
from transactions.models import MoneyTransfer, Payment, PaymentEvent, PaymentStatus, Refund, RefundStatus, Via
from transactions.models.base import MAY_BE_PAID
from transactions.models.refund import COUNTED, GIVEN
from transactions.outgoing import acts, changes, products, twice
from transactions.outgoing.refusals import MayBeTwice, OutgoingRefused
from transactions.rails import Payout
from transactions.transfers import accounts, names
from transactions.transfers import services as transfers
from transactions.transfers.services import Draft as To
from transactions.transfers.services import NameDiffers, check_reason
from transactions.transfers.twins import MOST_TWINS, TWICE_WITHIN

BETWEEN = re.compile(r"[\s.\-]+")
"""What people write between the digits of a number."""


class NotRefundable(OutgoingRefused):
    """Nothing of this payment can be given back; the message says why."""


class OverTheRest(OutgoingRefused):
    """More than is left of the payment; `left` rupiah are."""

    def __init__(self, left: int) -> None:
        self.left = left
        words = _("This is more than is left of the payment: %(left)s can be refunded.")
        super().__init__(words % {"left": money.rupiah(left)})


class NotThePayers(NameDiffers):
    """It goes to another account or name than the payer's, and nobody has written why that is right."""

    def __init__(self, payment: Payment) -> None:
        account = account_of_payer(payment)
        paid_by = f"{payment.sender_name}, {label_of(*account[:2])} {account[2]}" if account else payment.sender_name
        words = _("This isn’t the payer’s account or name (%(payer)s). Write why the refund goes there.")
        super().__init__(words % {"payer": paid_by})


@dataclass(frozen=True)
class Draft:
    """What somebody wants to give back: of a payment, to whom and how much, and why."""

    payment: Payment
    to: To
    cause: str


Twin = Refund | MoneyTransfer
"""What may be the same money."""


@dataclass(frozen=True)
class Requested:
    """The refund that a form made; `is_new` is false when the same form had made it before."""

    refund: Refund
    is_new: bool


# --- Before it is made -------------------------------------------------------------------------------------------


def find_payment(scope: Scope, written: str) -> Payment | None:
    """Return the payment of a number as people write or paste it; None where the scope has none."""
    digits = BETWEEN.sub("", written)
    if not (digits.isascii() and digits.isdigit() and int(digits) < 2**63):
        return None
    found: Payment | None = Payment.objects.visible_to(scope, searched=True).filter(pk=int(digits)).first()
    return found


def check_payment(payment: Payment) -> None:
    """Raise NotRefundable unless something of the payment can be given back."""
    if payment.status != PaymentStatus.SUCCESSFUL:
        words = _("Nothing can be refunded of this payment: it is %(status)s, and no money came by it.")
        raise NotRefundable(words % {"status": str(payment.status.label)})
    if is_imported(payment):
        raise NotRefundable(_("This payment was imported: its money never came here. Refund it where it was paid."))
    if not left_of(payment):
        raise NotRefundable(_("All of this payment is refunded already, or asked for."))


def is_imported(payment: Payment) -> bool:
    """Whether a payment is one of another system's, which may have been refunded there."""
    return bool(payment.events.filter(kind=PaymentEvent.Kind.IMPORTED).exists())


def refunds_of(scope: Scope, payment: Payment) -> QuerySet:
    """Return the refunds of a payment, the newest first."""
    rows: QuerySet = Refund.objects.visible_to(scope, searched=True)
    return rows.filter(payment=payment).order_by("-created_at", "-pk")


def left_of(payment: Payment) -> int:
    """Return the rupiah of a payment that can still be given back: what is asked for or sent is none of them.

    Nor is what banks on the way kept of one that came back: the payer may have it (sql/refund_rules.sql).
    """
    rows = Refund.objects.filter(business_id=payment.business_id, mode=payment.mode, payment=payment)
    taken = rows.filter(MAY_BE_PAID).aggregate(rupiah=Sum(GIVEN))["rupiah"] or 0
    return max(0, payment.amount - int(taken))  # more may be gone, where a bank has paid what it had said failed


def account_of_payer(payment: Payment) -> tuple[str, str, str] | None:
    """Return the account that a payment left: the payer's e-wallet. Virtual accounts, QRIS, cards and tills leave none.

    It is a kind, a code and a number.
    """
    if payment.channel_kind != ChannelKind.EWALLET or payment.channel not in EWALLETS:
        return None
    try:
        number = accounts.clean_account(Kind.EWALLET, payment.channel, payment.sender_phone)
    except accounts.WrongAccount:
        return None
    return Kind.EWALLET, payment.channel, number


def goes_to_another(payment: Payment, to: To) -> bool:
    """Whether a refund goes to another account than the payer left, or to another name than the payer's."""
    account = account_of_payer(payment)
    if account is not None and account != (to.kind, to.bank, to.account_number):
        return True
    return not names.is_same(payment.sender_name, to.beneficiary_name or to.holder_name)


def twins(scope: Scope, *, payment: int, amount: int, but: int = 0) -> Sequence[Refund]:
    """Return what may be the same refund: of the same payment and amount, unless it ended badly; the newest first."""
    same = _same(scope).filter(payment=payment, amount=amount).exclude(pk=but)
    return list(same[:MOST_TWINS])


def twins_of_draft(scope: Scope, draft: Draft) -> Sequence[Twin]:
    """Return what a draft may pay once more."""
    to = draft.to
    account: dict[str, Any] = {"bank": to.bank, "account_number": to.account_number}
    return all_twins(scope, payment=draft.payment.pk, amount=to.amount, **account)


def all_twins(
    scope: Scope, *, payment: int, amount: int, bank: str, account_number: str, but: int = 0
) -> Sequence[Twin]:
    """Return what may be the same money: refunds of the payment, and what an account was paid lately, by any product.

    Of the same amount, unless it ended badly; the refunds of the payment first. Each kind has its newest MOST_TWINS, so
    that many equal parts of one payment hide no transfer.
    """
    to = Q(bank=bank, account_number=account_number, amount=amount)
    elsewhere = transfers.refunds_to(scope, to).exclude(payment=payment).exclude(pk=but)
    of_it = twins(scope, payment=payment, amount=amount, but=but)
    return [*of_it, *elsewhere[:MOST_TWINS], *transfers.may_be_twice(scope, to)[:MOST_TWINS]]


def _same(scope: Scope) -> QuerySet:
    rows: QuerySet = Refund.objects.visible_to(scope, searched=True)
    return rows.filter(COUNTED).order_by("-created_at", "-pk")


def goes_at_once(scope: Scope, draft: Draft) -> bool:
    """Whether asking for it also approves it: whoever asks may approve, and the rule asks for nobody else."""
    of = {"business_id": scope.business.pk, "mode": scope.mode, "payment": draft.payment}
    return acts.goes_at_once(scope, Refund(**of, amount=draft.to.amount, **scope.actor.columns("maker")))


# --- Making it ---------------------------------------------------------------------------------------------------


def made_before(scope: Scope, made_key: str) -> Refund | None:
    """Return what a form has made already; what is no key at all has made nothing."""
    try:
        key = uuid.UUID(made_key)
    except ValueError:
        return None
    found: Refund | None = Refund.objects.visible_to(scope, searched=True).filter(made_key=key).first()
    return found


def request(scope: Scope, draft: Draft, *, made_key: uuid.UUID) -> Requested:
    """Make a refund, once for each form key, whatever is sent with it later. Who may approve it has approved it.

    Short of money, what is approved waits for the deposit. Raises NotRefundable, OverTheRest, NameDiffers, MayBeTwice,
    NothingSends, NotAllowed; WrongAccount and WrongAmount for what a form should have refused.
    """
    with transaction.atomic():
        # A twin of this form waits here, and then finds our row.
        db.lock(f"form/{scope.business.pk}/{scope.mode}/{made_key}")
        ask_again(scope, Permission.REQUEST_REFUND)
        if before := made_before(scope, str(made_key)):
            return Requested(before, is_new=False)
        acts.one_at_a_time(scope, REFUNDS)
        payment = Payment.objects.visible_to(scope, searched=True).select_for_update(no_key=True)
        draft = Draft(payment.get(pk=draft.payment.pk), draft.to, draft.cause)
        check_draft(scope, draft)
        refund = _add(scope, draft, made_key)
        if acts.goes_at_once(scope, refund):
            ask_again(scope, Permission.APPROVE_TRANSACTIONS)
            acts.let_go(scope, REFUNDS, refund)
    return Requested(refund, is_new=True)


def check_draft(scope: Scope, draft: Draft) -> None:
    """Raise what is wrong with a draft that a form should have refused, or that was asked for meanwhile."""
    to = draft.to
    check_payment(draft.payment)
    if to.amount > (left := left_of(draft.payment)):
        raise OverTheRest(left)
    accounts.check_amount(to.kind, to.amount)
    if accounts.clean_account(to.kind, to.bank, to.account_number) != to.account_number:
        raise accounts.WrongAccount(to.account_number)
    check_reason(to)
    if goes_to_another(draft.payment, to) and not to.name_reason:
        raise NotThePayers(draft.payment)
    if not to.is_sure and twice.is_new(to, twins_of_draft(scope, draft)):
        raise MayBeTwice


def _add(scope: Scope, draft: Draft, made_key: uuid.UUID) -> Refund:
    to = draft.to
    is_to_another = goes_to_another(draft.payment, to)
    refund = Refund(
        business_id=scope.business.pk,
        mode=scope.mode,
        status=RefundStatus.PENDING_APPROVAL,
        payment=draft.payment,
        cause=draft.cause,
        destination_kind=to.kind,
        bank=to.bank,
        account_number=to.account_number,
        beneficiary_name=to.beneficiary_name or to.holder_name,
        holder_name=to.holder_name,
        is_to_another=is_to_another,
        name_reason=to.name_reason if to.wants_reason or is_to_another else "",
        amount=to.amount,
        fee=to.fee,
        internal_reference=to.internal_reference,
        made_key=made_key,
        via=Via.DASHBOARD,
        **scope.actor.columns("maker"),
    )
    refund.save(force_insert=True)
    refund.refresh_from_db()
    told = changes.facts_of(refund) | {"payment": str(draft.payment.pk)}
    events.record(scope, REFUNDS.kind("created"), refund, **told)
    return refund


# --- Its own in the life of all products -------------------------------------------------------------------------


def _payout(key: str, row: Refund) -> Payout:
    return Payout(
        key=key,
        business_id=row.business_id,
        mode=row.mode,
        bank=row.bank,
        account_number=row.account_number,
        beneficiary_name=row.beneficiary_name,
        amount=row.amount,
        remark=f"Refund {str(row.payment_id)[-11:]}",
    )


SHOWN = ("payment_id", "cause", "destination_kind", "bank", "account_number", "beneficiary_name", "holder_name")
REASONED = ("is_to_another", "name_reason", "internal_reference")


def _shown(row: Refund) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*SHOWN, *REASONED)}


def _twins_of(scope: Scope, row: Refund) -> Sequence[Twin]:
    account: dict[str, Any] = {"bank": row.bank, "account_number": row.account_number}
    return all_twins(scope, payment=row.payment_id, amount=row.amount, but=row.pk, **account)


def _twins_of_many(scope: Scope, ids: Sequence[int]) -> products.Twins:
    """Return the possible duplicates of each, in a bounded number of queries: as _twins_of each."""
    some = list(Refund.objects.visible_to(scope, searched=True).filter(pk__in=ids))
    payments, accounts_ = {row.payment_id for row in some}, {row.account_number for row in some}
    since = clock.now() - TWICE_WITHIN
    same = Q(payment__in=payments) | Q(account_number__in=accounts_, created_at__gte=since)
    of_it: dict[tuple[Any, ...], list[Refund]] = {}
    paid: dict[tuple[Any, ...], list[Refund]] = {}
    amounts = {row.amount for row in some}
    for one in _same(scope).filter(same, amount__in=amounts):
        of_it.setdefault((one.payment_id, one.amount), []).append(one)
        if one.created_at >= since:
            paid.setdefault((one.bank, one.account_number, one.amount), []).append(one)
    sent: dict[tuple[Any, ...], list[MoneyTransfer]] = {}
    for other in transfers.may_be_twice(scope, Q(account_number__in=accounts_, amount__in=amounts)):
        sent.setdefault((other.bank, other.account_number, other.amount), []).append(other)
    found: products.Twins = {}
    for row in some:
        to = (row.bank, row.account_number, row.amount)
        of_this = [one for one in of_it.get((row.payment_id, row.amount), []) if one.pk != row.pk]
        elsewhere = [one for one in paid.get(to, []) if one.payment_id != row.payment_id]
        theirs: list[Twin] = [*of_this[:MOST_TWINS], *elsewhere[:MOST_TWINS], *sent.get(to, [])[:MOST_TWINS]]
        if theirs:
            found[row.pk] = [(one.pk, str(one.status)) for one in theirs]
    return found


def _twins_of_each(scope: Scope) -> QuerySet:
    of_it = Q(payment=OuterRef("payment"))
    to = Q(bank=OuterRef("bank"), account_number=OuterRef("account_number"), created_at__gte=Now() - TWICE_WITHIN)
    return _same(scope).filter(of_it | to, amount=OuterRef("amount")).exclude(pk=OuterRef("pk"))


def _sent_to_each(scope: Scope) -> QuerySet:
    return transfers.may_be_twice(scope, Q(**{name: OuterRef(name) for name in ("bank", "account_number", "amount")}))


REFUNDS = products.register(
    products.Product(
        source="refund",
        area="refund",
        label=gettext_lazy("Refund"),
        label_of_many=gettext_lazy("Refunds"),
        model=Refund,
        list_url_name="transactions:refunds",
        row_url_name="transactions:refund-detail",
        approval_url_name="transactions:refund-approval",
        rejection_url_name="transactions:refund-rejection",
        payout=_payout,
        bank=lambda row: row.bank,
        destination=lambda row: label_of(row.destination_kind, row.bank),
        shown=_shown,
        duplicates=_twins_of,
        twins=_twins_of_many,
        look=products.Look(
            twins=_twins_of_each,
            sent=_sent_to_each,
            name_differs=~Q(name_reason="") & ~Q(holder_name="") & Q(is_to_another=False),
            is_unnamed=~Q(name_reason="") & Q(holder_name="", is_to_another=False),
            is_to_another=Q(is_to_another=True),
            bank="bank",
            payment="payment",
        ),
        requested_by=Permission.REQUEST_REFUND,
        approver_url_name="transactions:refund-approval",
        notice="refund-outcome",
        waits=RefundStatus.WAITING,
    )
)
