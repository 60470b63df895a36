"""The facts that callbacks tell of, each as our API would say it (docs/developer.md)."""

from collections.abc import Sequence
from typing import Any, cast

from deposits.models import TopUp
from developer.api import disbursements
from developer.callbacks import outbox
from developer.models import CallbackEvent, CallbackUrl
from developer.times import moment
from flipdash import events, rls
from flipdash.scope import Scope
from transactions import disturbances
from transactions.channels import ChannelKind
from transactions.models import Destination, MoneyTransfer, Payment, Refund, RefundStatus
from transactions.outgoing import rejecting
from transactions.payments import links, settling

MESSAGES: dict[str, str] = {
    Destination.Status.OPERATIONAL: "Transfers go through normally.",
    Destination.Status.DISTURBED: "Transfers arrive late.",
    Destination.Status.HEAVILY_DISTURBED: "Transfers may not arrive the same day.",
}
"""What a callback says of a bank's state; in English, as all that the API says to programs."""


@events.on("top-up.credited", "top-up.reversed")
def tell_top_up(told: events.Event) -> None:
    """Tell that a top-up is in the deposit, or that it was taken back out of it."""
    top_up = cast(TopUp, told.subject)
    outbox.tell(told, CallbackEvent.TOP_UP, as_top_up(top_up), source=("top_up", top_up.pk))


def tell_transfers(told: Sequence[events.Event]) -> None:
    """Tell how money transfers ended, to those businesses that want to hear it."""
    outbox.tell_all(told, CallbackEvent.TRANSFER, "money_transfer", _as_transfer)


@events.on(
    *("transfer.successful", "transfer.failed", "transfer.cancelled", "transfer.rejected", "transfer.expired"),
    of_many=tell_transfers,
)
def tell_transfer(told: events.Event) -> None:
    """Tell how a money transfer ended."""
    tell_transfers([told])


def _as_transfer(row: MoneyTransfer) -> dict[str, Any]:
    return disbursements.as_disbursement(row, version=2)


@events.on("payment.successful", "payment.failed", "payment.cancelled")
def tell_payment(told: events.Event) -> None:
    """Tell how a payment ended; CANCELLED includes what nobody paid in time."""
    payment = cast(Payment, told.subject)
    outbox.tell(told, CallbackEvent.PAYMENT, as_payment(payment), source=("payment", payment.pk))


def tell_refunds(told: Sequence[events.Event]) -> None:
    """Tell of many refunds."""
    outbox.tell_all(told, CallbackEvent.REFUND, "refund", as_refund)


@events.on(
    *("refund.created", "refund.successful", "refund.failed", "refund.cancelled", "refund.rejected", "refund.expired"),
    "refund.returned",
    of_many=tell_refunds,
)
def tell_refund(told: events.Event) -> None:
    """Tell that a refund was asked for, how it ended, and that what had arrived came back."""
    tell_refunds([told])


@settling.on_settled
def tell_settled(scope: Scope, payments: Sequence[int]) -> None:
    """Tell that payments have reached the deposit, to those businesses that want to hear it.

    At a URL of its own: whoever reads payments as Flip tells them takes a status that isn't SUCCESSFUL for no payment.
    """
    if (to := outbox.url_for(scope, CallbackEvent.SETTLEMENT)) is None:
        return
    rows = Payment.objects.visible_to(scope, searched=True).filter(pk__in=payments).select_related("link")
    told = ((row.pk, as_settled(row)) for row in rows.order_by("pk"))
    outbox.tell_many(to, "payment.settled", "payment", told)


@rejecting.on_many
def tell_rejected(scope: Scope, kind: str, rows: Sequence[Any]) -> None:
    """Tell of each transaction that was rejected with others, as of one alone."""
    tell_transfers([events.Event(scope, kind, row, {}) for row in rows if isinstance(row, MoneyTransfer)])
    tell_refunds([events.Event(scope, kind, row, {}) for row in rows if isinstance(row, Refund)])


@disturbances.on_change
def tell_banks(changed: Sequence[Destination]) -> None:
    """Tell every business that has a URL for it which banks are disturbed, or work again."""
    data = [as_bank(bank) for bank in changed]
    urls = CallbackUrl.objects.using("operator").exclude(url="").filter(event=CallbackEvent.BANK_STATUS)
    for url in urls.select_related("business").order_by("pk"):
        with rls.inside_of(url.business_id, url.mode):
            told = events.Event(Scope.by_itself(url.business, url.mode), "bank.status", None, {})
            outbox.tell(told, CallbackEvent.BANK_STATUS, data)


def as_bank(bank: Destination) -> dict[str, Any]:
    """Return a bank's state as a callback tells it."""
    return {
        "bank_code": bank.code,
        "status": bank.status.upper(),
        "message": MESSAGES[bank.status],
        "updated_at": moment(bank.changed_at),
    }


def as_top_up(top_up: TopUp) -> dict[str, Any]:
    """Return a credited top-up as a callback tells it: what came in, its unique code included.

    Flip has no callback for top-ups, so the words are ours: REVERSED is one that was credited and is taken back.
    """
    assert top_up.settled_at is not None  # noqa: S101  (the database has it: topup_successful_is_posted)
    return {
        "id": top_up.pk,
        "amount": top_up.credited_amount,
        "bank_code": top_up.bank,
        "status": "REVERSED" if top_up.reversed_at else "DONE",
        "created_at": moment(top_up.created_at),
        "credited_at": moment(top_up.settled_at),
        "reversed_at": moment(top_up.reversed_at) if top_up.reversed_at else "",
    }


BANK_TYPES = {
    ChannelKind.VA: "virtual_account",
    ChannelKind.CARD: "credit_card_account",
    ChannelKind.OUTLET: "online_to_offline_account",
}
"""What the API calls a kind of channel; QRIS and e-wallets are wallet_account."""


def as_payment(payment: Payment) -> dict[str, Any]:
    """Return a payment as its callback tells it (flip-api.md §8.2)."""
    link = payment.link
    return {
        "id": str(payment.pk),
        "bill_link": links.address_of(link).partition("://")[2] if link else "",
        "bill_link_id": payment.link_id or 0,
        "bill_title": payment.title,
        "sender_name": payment.sender_name,
        "sender_bank": payment.channel,
        "sender_email": payment.sender_email,
        "amount": payment.amount,
        "status": payment.status.upper(),
        "sender_bank_type": BANK_TYPES.get(ChannelKind(payment.channel_kind), "wallet_account"),
        "created_at": moment(payment.created_at),
    }


def as_refund(refund: Refund) -> dict[str, Any]:
    """Return a refund as a callback tells it. Flip has no callback for refunds, so the words are those of transfers.

    RETURNED is ours: one that was DONE, and that the payer's bank sent back; less than all of it may have come.
    """
    ended: dict[str, str] = {
        RefundStatus.SUCCESSFUL: disbursements.DONE,
        RefundStatus.FAILED: disbursements.CANCELLED,
        RefundStatus.CANCELLED: disbursements.CANCELLED,
    }
    return {
        "id": refund.pk,
        "payment_id": str(refund.payment_id),
        "amount": refund.amount,
        "returned_amount": refund.amount - refund.given if refund.returned_at else 0,
        "status": "RETURNED" if refund.returned_at else ended.get(refund.status, disbursements.PENDING),
        "reason": disbursements.REASONS.get(refund.reason, ""),
        "created_at": moment(refund.created_at),
        "completed_at": moment(refund.completed_at) if refund.completed_at else "",
    }


def as_settled(payment: Payment) -> dict[str, Any]:
    """Return a payment that is in the deposit, as its callback tells it: SETTLED is a word of ours."""
    assert payment.settled_at is not None  # noqa: S101  (the database has it: payment_settled_whole)
    told = {"settled_amount": payment.settled_amount, "settled_at": moment(payment.settled_at)}
    return as_payment(payment) | {"status": "SETTLED"} | told
