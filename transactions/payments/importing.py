"""What another system's file of accepted payments looks like."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.tables import Field, choice, most, rupiah, text
from transactions.channels import CHANNELS, NAMES, ChannelKind
from transactions.importing import (
    CREATED,
    ENDED,
    NUMBERED,
    Step,
    TransactionImport,
    amounts,
    check_ended,
    ended_at,
    failure,
    optional,
)
from transactions.models import Payment, PaymentEvent, Settlement
from transactions.reasons import PAYING

KINDS = {
    ChannelKind.VA: ("VA", "Virtual Account", "Akun Virtual"),
    ChannelKind.QRIS: ("QRIS", "QR"),
    ChannelKind.EWALLET: ("E-Wallet", "E Wallet", "EWallet", "Dompet Digital", "Dompet Elektronik"),
    ChannelKind.CARD: ("Card", "Credit Card", "Kartu", "Kartu Kredit"),
    ChannelKind.OUTLET: ("Outlet", "Retail Outlet", "Gerai"),
}
KIND_OF = {code: kind for kind, codes in CHANNELS.items() for code in codes}
SETTLED = {
    Settlement.SETTLED: ("Settled", "Selesai", "Sudah diselesaikan", "Sudah masuk deposit"),
    "": ("-", "–", "None"),
}
NOT_SETTLED = ("pending", "menunggu", "tertunda", "unsettled", "belum diselesaikan")


def email(cell: str) -> str:
    """Return an address to which mail can be sent."""
    address = text(most(Payment, "sender_email"))(cell.strip())
    try:
        validate_email(address)
    except ValidationError:
        raise ValueError(_("is not an email address")) from None
    return address


def channel(cell: str) -> str:
    """Return the channel that a person wrote as its code or its name, with or without the words for its kind."""
    written = _plain(cell)
    for code, name in NAMES.items():
        if written in {_plain(code), _plain(name)}:
            return code
    raise ValueError(_("is not known; known are %(known)s") % {"known": ", ".join(NAMES)})


def _plain(word: str) -> str:
    words = re.sub(r"[\W_]+", " ", word).casefold()
    return re.sub(r"\b(virtual account|va|e wallet|card)\b", " ", words).strip()


def settlement(cell: str) -> str:
    """Return whether a payment was settled; one that still will be would wait for ever here."""
    if " ".join(cell.split()).casefold() in NOT_SETTLED:
        raise ValueError(_("is not a final state; import the payment once it is settled"))
    return choice(SETTLED)(cell)


class PaymentImport(TransactionImport):
    """Past payments, each settled or never to be."""

    name, title = "payment", gettext_lazy("Accept Payment")
    model, events = Payment, PaymentEvent
    steps = (
        Step("'created'", "created_at", "sender_name"),
        Step("status", "coalesce(paid_at, created_at)"),
        Step("'settled'", "settled_at"),
    )

    fields = (
        NUMBERED,
        ENDED,
        Field("title", "Payment", "Title", "Judul", "Pembayaran", example="Kelas barista"),
        Field("sender_name", "Sender Name", "Nama Pengirim", "Pengirim", example="Dewi Lestari"),
        Field("sender_email", "Sender Email", "Email Pengirim", "Email", clean=email, required=False, empty=""),
        Field("channel", "Channel", "Payment Method", "Kanal", "Metode Pembayaran", clean=channel, example="bca"),
        Field(
            *("channel_kind", "Channel Type", "Tipe Kanal", "Jenis Kanal"),
            clean=choice(KINDS),
            required=False,
            empty=None,
        ),
        *amounts("Amount", "Jumlah", "Nominal"),
        Field(
            *("settlement_status", "Settlement Status", "Status Settlement", "Status Penyelesaian"),
            clean=settlement,
            required=False,
            empty="",
            example="Settled",
        ),
        Field(
            *("settled_amount", "Settled Amount", "Jumlah Settlement", "Jumlah Diterima"),
            clean=rupiah,
            required=False,
            empty=None,
            example="1247500",
        ),
        optional(
            "reference",
            "Transaction Reference No",
            "No. Referensi Transaksi",
            "Reference No",
            "No. Referensi",
            "Referensi",
        ),
        CREATED,
        ended_at("paid_at", "Paid Date", "Paid At", "Tanggal Dibayar"),
        ended_at("settled_at", "Settled Date", "Settlement Date", "Tanggal Settlement", required=False),
        failure(PAYING),
    )

    @classmethod
    def label(cls, name: str, value: Any) -> str | None:
        """Return what people call a channel."""
        return NAMES.get(value) if name == "channel" else None

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Check what cells say together: the channel's kind, what was paid and settled, and when."""
        yield from _check_channel(values)
        yield from _check_paid(values)
        yield from _check_settled(values)
        yield from check_ended(values, "paid_at")


def _check_channel(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "channel" not in values or "channel_kind" not in values:
        return
    said, values["channel_kind"] = values["channel_kind"], KIND_OF[values["channel"]]
    if said not in {None, values["channel_kind"]}:
        yield "channel_kind", _("is not the type of this channel")


def _check_paid(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if values.get("status") in {None, "successful"}:
        return
    for name in ("paid_at", "settlement_status"):
        if values.get(name):
            yield name, _("is given, while nothing was paid")


def _check_settled(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not {"settlement_status", "settled_amount", "settled_at"} <= values.keys():
        return
    is_settled = values["settlement_status"] == Settlement.SETTLED
    for name in ("settled_amount", "settled_at"):
        if is_settled and values[name] is None:
            yield name, _("is empty, while the payment is settled")
        if not is_settled and values[name] is not None:
            yield name, _("is given, while the payment is not settled")
    settled, paid = values["settled_amount"], values.get("amount")
    if settled is not None and paid is not None and settled > paid:
        yield "settled_amount", _("is more than the amount")
    if values["settled_at"] and values.get("paid_at") and values["settled_at"] < values["paid_at"]:
        yield "settled_at", _("is before the Paid Date")
