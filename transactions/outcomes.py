"""What became of a transaction that didn't arrive: what happened, whether money moved, and what to do next.

What is said of money is what the ledger's entries say, never what should have happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from deposits.ledger.shown import Moved
from deposits.models import AccountKind
from flipdash import formats, money, notes
from transactions.models import Payment, Status, Transaction, TransactionEvent
from transactions.models.base import ENDED_BADLY, ENDS_BADLY
from transactions.reasons import Reason


@dataclass(frozen=True)
class Outcome:
    """What stands under the head of a transaction's page."""

    look: str
    """As of a notice: error, warning or info."""
    happened: str
    moved: str
    then: str = ""


def outcome_of(
    row: Transaction, lines: Iterable[TransactionEvent], entries: Iterable[Moved], today: date
) -> Outcome | None:
    """Return what became of a row, by its timeline and its entries in the ledger; None where all went well."""
    told = list(lines)
    deposit = [entry for entry in entries if entry.account_kind == AccountKind.AVAILABLE]
    if getattr(row, "disputed_at", None):
        return _disputed(row, deposit, today)
    if row.status in ENDED_BADLY:
        reason = Reason.of(row.reason)
        look, then = "error" if row.status == Status.FAILED else "info", str(reason.then) if reason else ""
        return Outcome(look, _happened(row, told, reason), _moved(row, told, deposit, today), then)
    if getattr(row, "returned_at", None):
        return Outcome(
            "warning",
            _("Returned: the money arrived, and the beneficiary’s bank sent it back."),
            _came_back(row, deposit, today),
            _("Check the account with the beneficiary before you send it again."),
        )
    return None


def _disputed(row: Transaction, deposit: Sequence[Moved], today: date) -> Outcome:
    """Say that a bank has said both: whether it was paid, nobody knows before FlipDash has found out."""
    if row.status == Status.FAILED:
        happened = _("The bank has said both: first that it failed, then that it was paid.")
        back = [entry for entry in deposit if entry.amount > 0]
        words = {"sum": money.rupiah(back[-1].amount), "when": _when(back[-1], today)} if back else {}
        moved = _("%(sum)s went back to your deposit %(when)s.") % words if back else ""
    else:
        happened = _("The bank has said both: first that it was paid, then that it failed.")
        taken = -sum(entry.amount for entry in deposit)
        moved = _("%(sum)s of your deposit is taken for it.") % {"sum": _whole(row, taken)} if taken else ""
    return Outcome("warning", happened, moved, _("FlipDash is looking into it: don’t pay it again."))


def _happened(row: Transaction, lines: Sequence[TransactionEvent], reason: Reason | None) -> str:
    """Say what ended it, who did, and why: in somebody's own words, if they wrote some."""
    ending = next((line for line in reversed(lines) if line.kind in ENDS_BADLY), None)
    note = ending.note if ending else ""
    said = str(notes.words_of(note)) if notes.is_ours(note) else note and f"“{note}”"
    why = said or (str(reason.what) if reason else _("nobody said why"))
    who = ending.who if ending else ""
    if row.status == Status.FAILED:
        return _("Failed: %(why)s.") % {"why": why}
    if ending and ending.kind == "rejected":
        return _("Rejected by %(who)s: %(why)s.") % {"who": who, "why": why}
    if who:
        return _("Cancelled by %(who)s: %(why)s.") % {"who": who, "why": why}
    return _("Cancelled: %(why)s.") % {"why": why}


def _moved(row: Transaction, lines: Sequence[TransactionEvent], deposit: Sequence[Moved], today: date) -> str:
    """Say what was taken from the deposit, and what of it went back."""
    if not deposit:
        return _nothing(row, lines)
    taken = -sum(entry.amount for entry in deposit if entry.amount < 0)
    left, back = -sum(entry.amount for entry in deposit), [entry for entry in deposit if entry.amount > 0]
    if left or not back:
        said = _("%(left)s of your deposit is still set aside for it. It should be back by now: please tell us.")
        return said % {"left": money.rupiah(left)}
    words = {"sum": _whole(row, taken), "when": _when(back[-1], today)}
    return _("%(sum)s went back to your deposit %(when)s. Nothing was paid.") % words


def _nothing(row: Transaction, lines: Sequence[TransactionEvent]) -> str:
    if isinstance(row, Payment):
        return _("Nothing was paid, and nothing came into your deposit.")
    if any(line.kind == "imported" for line in lines):
        return _("It was made in another system: your deposit here was never touched.")
    return _("Nothing was taken from your deposit.")


def _came_back(row: Transaction, deposit: Sequence[Moved], today: date) -> str:
    returned = [entry for entry in deposit if entry.kind == "return"]
    if not returned:
        return _("It was made in another system: your deposit here was never touched.")
    words = {"sum": money.rupiah(returned[-1].amount), "when": _when(returned[-1], today)}
    said = _("%(sum)s came back to your deposit %(when)s.") % words
    if kept := row.amount - returned[-1].amount:
        said += " " + _("Banks on the way kept %(kept)s of it.") % {"kept": money.rupiah(kept)}
    if row.fee:
        said += " " + _("The fee of %(fee)s was for sending it, and stays paid.") % {"fee": money.rupiah(row.fee)}
    return said


def _whole(row: Transaction, taken: int) -> str:
    """Write a sum, with the amount and the fee that it is made of."""
    if row.fee and taken == row.amount + row.fee:
        words = {"sum": money.rupiah(taken), "amount": money.rupiah(row.amount), "fee": money.rupiah(row.fee)}
        return _("%(sum)s (%(amount)s + fee %(fee)s)") % words
    return money.rupiah(taken)


def _when(entry: Moved, today: date) -> str:
    if timezone.localdate(entry.created_at) == today:
        return _("at %(time)s") % {"time": formats.time_of_day(entry.created_at)}
    return _("on %(moment)s") % {"moment": formats.moment(entry.created_at)}
