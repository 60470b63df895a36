"""Why money didn't move: a short list of codes, each with its words, instead of what some rail has answered."""

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from flipdash.words import Words

Declared = tuple[str, Words, Words, tuple[str, ...], Words]


def reason(value: str, words: Words, *, what: Words, then: Words, said: tuple[str, ...]) -> Declared:
    """Declare one reason: its value, and the words of it in lists.

    `what` tells it after "Failed: ", `then` says what to do next, and `said` are the words of both languages by which
    people search for it, and by which imported files name it.
    """
    return value, what, then, said, words


class Reason(models.TextChoices):
    """Why a transaction failed or was cancelled."""

    what: Words
    then: Words
    said: tuple[str, ...]

    def __new__(cls, value: str, what: Words, then: Words, said: tuple[str, ...]) -> Self:
        """Make the member that `reason` declared; Django has taken its label."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.what, member.then, member.said = what, then, said
        return member

    # What the beneficiary's bank or e-wallet, or the rail, answered.
    ACCOUNT_NOT_FOUND = reason(
        *("account_not_found", _("Account not found")),
        what=_("the beneficiary’s bank has no such account"),
        then=_("Check the account number with the beneficiary, then make a new transfer."),
        said=("Account not found", "Rekening tidak ditemukan", "Not found", "Tidak ditemukan"),
    )
    ACCOUNT_CLOSED = reason(
        *("account_closed", _("Account closed")),
        what=_("the beneficiary’s account is closed"),
        then=_("Ask the beneficiary for another account, then make a new transfer."),
        said=("Account closed", "Rekening ditutup", "Closed", "Ditutup", "Inactive account", "Rekening tidak aktif"),
    )
    ACCOUNT_BLOCKED = reason(
        *("account_blocked", _("Account can’t receive")),
        what=_("the beneficiary’s account can’t receive transfers"),
        then=_("Ask the beneficiary for another account, or to settle it with their bank."),
        said=(
            *("Account can't receive", "Account can’t receive", "Account blocked", "Blocked"),
            *("Rekening tidak bisa menerima", "Rekening diblokir", "Diblokir"),
        ),
    )
    ACCOUNT_NOT_VERIFIED = reason(
        *("account_not_verified", _("Account not verified")),
        what=_("the beneficiary hasn’t verified their account at its bank or e-wallet"),
        then=_("The beneficiary has to verify it there; then make a new transfer."),
        said=("Account not verified", "Rekening belum terverifikasi", "Not verified", "Belum terverifikasi"),
    )
    BANK_UNAVAILABLE = reason(
        *("bank_unavailable", _("Bank unavailable")),
        what=_("the beneficiary’s bank did not answer"),
        then=_("Make the transfer again later; nothing about it has to change."),
        said=("Bank unavailable", "Bank gangguan", "Disturbance", "Gangguan", "No answer", "Tidak menjawab"),
    )
    BANK_REFUSED = reason(
        *("bank_refused", _("Refused by the bank")),
        what=_("the beneficiary’s bank refused it"),
        then=_("Ask the beneficiary what their bank needs, or for another account."),
        said=("Refused by the bank", "Ditolak oleh bank", "Ditolak bank", "Bank refused", "Refused"),
    )
    LIMIT_EXCEEDED = reason(
        *("limit_exceeded", _("Limit exceeded")),
        what=_("the amount is beyond what the beneficiary’s bank accepts"),
        then=_("Send it in smaller parts, or ask the beneficiary for another account."),
        said=("Limit exceeded", "Melebihi batas", "Over the limit", "Melebihi limit"),
    )
    DETAILS_WRONG = reason(
        *("details_wrong", _("Wrong beneficiary details")),
        what=_("the beneficiary’s details were not accepted"),
        then=_("Check name, account and bank with the beneficiary, then make a new transfer."),
        said=("Wrong beneficiary details", "Data penerima salah", "Wrong details", "Data salah"),
    )
    COMPLIANCE = reason(
        *("compliance", _("Compliance check")),
        what=_("a compliance check stopped it"),
        then=_("Have the invoice or contract ready: it may be asked for before a new transfer."),
        said=("Compliance check", "Pemeriksaan kepatuhan", "Compliance", "Kepatuhan"),
    )
    # What the payer's bank, e-wallet or card answered.
    CARD_DECLINED = reason(
        *("card_declined", _("Card declined")),
        what=_("the payer’s card was declined"),
        then=_("The payer can try again by the same link, with another card or another way to pay."),
        said=("Card declined", "Kartu ditolak", "Declined"),
    )
    PAYER_SHORT = reason(
        *("payer_short", _("Payer’s balance too low")),
        what=_("the payer’s balance was too low"),
        then=_("The payer can top up, or try again by the same link in another way."),
        said=("Payer's balance too low", "Payer’s balance too low", "Saldo pembayar kurang", "Saldo kurang"),
    )
    PAYER_UNAVAILABLE = reason(
        *("payer_unavailable", _("Payer’s bank unavailable")),
        what=_("the payer’s bank did not answer"),
        then=_("The payer can try again by the same link."),
        said=(
            *("Payer's bank unavailable", "Payer’s bank unavailable", "Bank pembayar gangguan"),
            *("Disturbance", "Gangguan", "No answer", "Tidak menjawab"),
        ),
    )
    NOT_PAID = reason(
        *("not_paid", _("Not paid in time")),
        what=_("nobody paid it in time"),
        then=_("If the payer still wants to pay, send them the link again."),
        said=("Not paid in time", "Tidak dibayar tepat waktu", "Not paid", "Tidak dibayar", "Expired", "Kedaluwarsa"),
    )
    PAID_BY_ANOTHER = reason(
        *("paid_by_another", _("Somebody else paid")),
        what=_("its link could be paid once, and somebody else was faster"),
        then=_("Nothing has to be done. If this payer should pay too, make them a link of their own."),
        said=("Somebody else paid", "Sudah dibayar orang lain", "Link used", "Tautan terpakai"),
    )
    # What people decided.
    ASKED_BACK = reason(
        *("asked_back", _("Asked back")),
        what=_("it was asked back, and not paid"),
        then=_("Make it again when the bank works as usual, or to an account at another bank."),
        said=("Asked back", "Recalled", "Diminta kembali"),
    )
    WRONG_AMOUNT = reason(
        *("wrong_amount", _("Wrong amount")),
        what=_("the amount was wrong"),
        then=_("Make a new transfer with the right amount."),
        said=("Wrong amount", "Jumlah salah", "Nominal salah"),
    )
    ENTERED_TWICE = reason(
        *("entered_twice", _("Entered twice")),
        what=_("it was entered twice"),
        then=_("Nothing has to be done, if the other one is right."),
        said=("Entered twice", "Dimasukkan dua kali", "Duplicate", "Dobel", "Duplikat"),
    )
    WITHDRAWN = reason(
        *("withdrawn", _("Invoice withdrawn")),
        what=_("the invoice was withdrawn"),
        then=_("Nothing has to be done, unless the beneficiary sends a new invoice."),
        said=("Invoice withdrawn", "Tagihan ditarik", "Withdrawn", "Ditarik"),
    )
    NOT_APPROVED = reason(
        *("not_approved", _("Not approved in time")),
        what=_("nobody approved it in time"),
        then=_("Make it again, and tell an approver that it waits."),
        said=("Not approved in time", "Tidak disetujui tepat waktu", "Not approved", "Tidak disetujui"),
    )
    OTHER = reason(
        *("other", _("Other reason")),
        what=_("the reason that was given is none that FlipDash knows"),
        then=_("Ask the beneficiary or their bank before making it again."),
        said=("Other reason", "Alasan lain", "Other", "Lainnya"),
    )

    @classmethod
    def of(cls, value: str) -> Self | None:
        """Return the reason of a row; None where nobody said."""
        return next((one for one in cls if one == value), None)

    @classmethod
    def choices_of(cls, reasons: Iterable["Reason"]) -> tuple[tuple[str, Words], ...]:
        """Return the values and the words of some."""
        return tuple((str(one), one.label) for one in reasons)

    @classmethod
    def words_of(cls, reasons: Iterable["Reason"]) -> dict[str, tuple[str, ...]]:
        """Return what people search for, by the reason that they mean."""
        return {str(one): one.said for one in reasons}

    @classmethod
    def named_in_files(cls, reasons: Iterable["Reason"]) -> dict[Any, tuple[str, ...]]:
        """Return by what imported files name each: its words, or its value."""
        return {str(one): (*one.said, str(one)) for one in reasons}


_PAYERS = (Reason.CARD_DECLINED, Reason.PAYER_SHORT, Reason.PAYER_UNAVAILABLE, Reason.NOT_PAID, Reason.PAID_BY_ANOTHER)
SENDING = tuple(one for one in Reason if one not in _PAYERS)
"""Why money that is sent doesn't arrive."""
PAYING = (*_PAYERS, Reason.OTHER)
"""Why a payment isn't made."""
