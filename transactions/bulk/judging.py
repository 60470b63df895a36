"""What the texts of one row mean, and why they can't be used. Nothing is guessed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django import forms
from django.core.validators import validate_email
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from flipdash import banknames
from flipdash.lines import NotALine, clean_line
from flipdash.tables import Broken, Number, broken, rupiah
from transactions.bulk.layout import FIELDS
from transactions.destinations import EWALLETS, NAMES, Kind
from transactions.fees import FEES
from transactions.transfers import accounts
from transactions.transfers.forms import REMARK_TEXT, read_destination
from transactions.transfers.services import REMARK

Text = str | list[Any]
"""What stands in a field, fit for JSON: a text, or [text] for a spreadsheet's number, [text, 0] for a broken cell."""
LONGEST = {"beneficiary_name": 100, "remark": REMARK, "internal_reference": 100, "beneficiary_email": 254}
"""Characters. Of a remark no more are kept than reach the bank: what is approved is what the beneficiary reads."""
SAFE_DIGITS = 15
"""A spreadsheet's number keeps no more digits than these."""
KEPT_AS_TEXT = re.compile(r"=\"([^\"]*)\"|['’](.*)")
SHORTENED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
WITH_DECIMALS = re.compile(r"[0-9]+[.,]0*")


@dataclass
class Judged:
    """A row as it will be paid, and a reason in words for each field that can't be used."""

    values: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def keep(cell: str) -> Text:
    """Return a cell as its text is kept."""
    if isinstance(cell, Broken):
        return [str(cell), 0]
    return [str(cell)] if isinstance(cell, Number) else str(cell)


def cell_of(text: Text) -> str:
    """Return the cell of a kept text."""
    if isinstance(text, str):
        return text
    return Number(text[0]) if len(text) == 1 else Broken(text[0])


def shown(text: Text) -> str:
    """Return what a person sees and repairs."""
    return text if isinstance(text, str) else str(text[0])


def judge(texts: Mapping[str, Text]) -> Judged:
    """Return what the texts of a row mean."""
    judged = Judged()
    for name in FIELDS:
        if name not in ("account_number", "amount"):
            _take(judged, name, texts, READ[name])
    destination = judged.values.get("bank")
    kind, bank = destination or ("", "")
    judged.values |= {"destination_kind": kind, "bank": bank, "fee": FEES[kind] if kind else 0}
    _take(judged, "account_number", texts, lambda cell: _account(kind, bank, cell))
    _take(judged, "amount", texts, lambda cell: _amount(kind, cell))
    return judged


def _take(judged: Judged, name: str, texts: Mapping[str, Text], read: Callable[[str], Any]) -> None:
    cell = cell_of(texts.get(name, ""))
    try:
        if isinstance(cell, Broken):
            raise ValueError(broken(cell))
        judged.values[name] = read(cell)
    except ValueError as problem:
        judged.faults[name] = str(problem)
        judged.values[name] = None if name in ("amount", "bank") else ""


# --- Field by field --------------------------------------------------------------------------------------------------


def _bank(cell: str) -> tuple[str, str]:
    found = _destination(cell.strip(), get_language() or "")
    if isinstance(found, str):
        raise ValueError(found)
    return found


@lru_cache(maxsize=4_096)
def _destination(word: str, language: str) -> tuple[str, str] | str:
    """Return where a word leads, as kind and code, or why nowhere, in the language of whoever looks."""
    if not word:
        return _("No bank is named.")
    bare = re.sub(r"(?i)^id_", "", word)
    if bare.casefold() in EWALLETS:
        return Kind.EWALLET, bare.casefold()
    if (known := banknames.find(word)) and known.code in NAMES:
        return Kind.BANK, known.code
    if word.isascii() and word.isdigit():
        return _("No bank has this code. Three digits are a code of Bank Indonesia.")
    try:
        return read_destination(word[:100])
    except forms.ValidationError as problem:
        return str(problem.messages[0])


def _account(kind: str, bank: str, cell: str) -> str:
    written = cell.strip()
    if not written:
        raise ValueError(_("No account number is given."))
    if kept := KEPT_AS_TEXT.fullmatch(written):
        written = kept[1] or kept[2] or ""
    if SHORTENED.fullmatch(written):
        raise ValueError(_("A spreadsheet has shortened this number, and digits are lost. Type the whole number."))
    if WITH_DECIMALS.fullmatch(written):
        raise ValueError(_("A spreadsheet has made a number with decimals of this. Type the account number."))
    if isinstance(cell, Number):
        _check_number(kind, bank, written)
    if not kind:  # its bank isn't known yet: only what no account has is wrong
        if not re.fullmatch(r"\+?[0-9 .\-]+", written):
            raise ValueError(_("An account number has digits only."))
        return re.sub(r"[^0-9]", "", written)[:32]
    return accounts.clean_account(kind, bank, written)


def _check_number(kind: str, bank: str, digits: str) -> None:
    """Refuse a spreadsheet's number that may lack zeros in front or digits behind; a full length lacks nothing."""
    if len(digits) > SAFE_DIGITS:
        raise ValueError(_("A spreadsheet keeps 15 digits of a number; the last ones are lost. Type the whole number."))
    lengths = accounts.LENGTHS.get(bank) if kind == Kind.BANK else None
    if kind and not (lengths and len(digits) == max(lengths)):
        raise ValueError(
            _("Excel may have cut the zeros in front. Type the whole number, with an apostrophe if none is missing.")
        )


def _amount(kind: str, cell: str) -> int:
    if not cell.strip():
        raise ValueError(_("No amount is given."))
    amount = rupiah(cell)
    if kind:
        accounts.check_amount(kind, amount)
    elif amount < accounts.LEAST:
        accounts.check_amount(Kind.BANK, amount)
    return amount


def _line(name: str) -> Callable[[str], str]:
    def read(cell: str) -> str:
        try:
            line = str(clean_line(cell)) if cell.strip() else ""
        except NotALine as problem:
            raise ValueError(str(problem)) from problem
        _check_length(name, line)
        return line

    return read


def _check_length(name: str, line: str) -> None:
    if len(line) > LONGEST[name]:
        words = {"count": len(line), "most": LONGEST[name]}
        raise ValueError(_("This has %(count)d characters; at most %(most)d fit.") % words)


def _name(cell: str) -> str:
    name = _line("beneficiary_name")(cell)
    if not name:
        raise ValueError(_("No name is given."))
    return name


def _remark(cell: str) -> str:
    remark = _line("remark")(cell)
    if not REMARK_TEXT.fullmatch(remark):
        letters = " ".join(dict.fromkeys(letter for letter in remark if not REMARK_TEXT.fullmatch(letter)))
        raise ValueError(
            _("Banks pass on no %(letters)s: only A–Z, digits, spaces and . - / ( ).") % {"letters": letters}
        )
    return remark


def _email(cell: str) -> str:
    """Return the first address: one is told."""
    first = re.split(r"[,;]", cell)[0].strip()
    if first:
        try:
            validate_email(first)
        except forms.ValidationError as problem:
            raise ValueError(str(problem.messages[0])) from problem
    _check_length("beneficiary_email", first)
    return first


READ: dict[str, Callable[[str], Any]] = {
    "bank": _bank,
    "beneficiary_name": _name,
    "remark": _remark,
    "beneficiary_email": _email,
    "internal_reference": _line("internal_reference"),
}
