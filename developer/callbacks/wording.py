"""Callbacks in words: what an answer means, and by which words people look for an event."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from developer.models import CallbackAttempt, CallbackEvent
from flipdash.words import Words

EVENT_WORDS: dict[str, tuple[str, ...]] = {
    CallbackEvent.TRANSFER: ("Money Transfer", "Transaction", "Transaksi", "Transfer"),
    CallbackEvent.INQUIRY: ("Bank Account Inquiry", "Inquiry", "Cek Rekening"),
    CallbackEvent.INTERNATIONAL: ("International Transfer", "International", "Transfer Internasional"),
    CallbackEvent.PAYMENT: ("Accept Payment", "Payment", "Pembayaran"),
    CallbackEvent.SETTLEMENT: ("Accept Payment: Settlement", "Settlement", "Settled"),
    CallbackEvent.REFUND: ("Refund", "Pengembalian Dana"),
    CallbackEvent.TOP_UP: ("Top-Up", "Top Up", "Isi Saldo"),
    CallbackEvent.BANK_STATUS: ("Bank Status", "Status Bank"),
}
"""What people search for, in both languages."""


PROBLEMS: dict[str, Words] = dict(CallbackAttempt._meta.get_field("problem").flatchoices)
SHORT: dict[str, Words] = {
    "address": gettext_lazy("Not a public address"),
    "name": gettext_lazy("Name not found"),
    "refused": gettext_lazy("No connection"),
    "tls": gettext_lazy("TLS failed"),
    "timeout": gettext_lazy("Timed out"),
    "broken": gettext_lazy("Broken off"),
    "lost": gettext_lazy("Interrupted"),
}
"""Why there was no answer, for a column."""


def in_short(code: str, problem: str) -> str:
    """Return what an attempt came to: the HTTP status, or in two words why there is none."""
    return str(SHORT.get(problem, problem)) if problem else code


def what_was_wrong(code: str, problem: str) -> str:
    """Return in words what kept a call from succeeding; nothing for one that did."""
    if problem:
        return str(PROBLEMS.get(problem, problem))
    if code.startswith("2"):
        return ""
    if code.startswith("3"):
        return _("It leads elsewhere, which is never followed: save the address that it leads to.")
    if code == "410":
        return _("The address is gone, says the server: nothing more is sent there.")
    if code in {"401", "403"}:
        return _("The server refused it: let calls in that carry your Validation Token.")
    if code == "404":
        return _("The server has nothing at this address: check its path.")
    if code.startswith("4"):
        return _("The server refused it.")
    return _("The server had an error of its own.")
