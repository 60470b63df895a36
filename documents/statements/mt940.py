"""A statement as SWIFT's MT940, for accounting software: one message with all entries of the period.

It holds SWIFT's character set x only: letters lose their accents, other signs become the nearest that there is, and
what has none a full stop. Its own numbers follow from the period, so that software that has seen it knows it again.
"""

import re
import textwrap
import unicodedata
from datetime import date
from pathlib import Path

from django.utils import timezone

from deposits.ledger.statement import Movement
from deposits.models import RUPIAH, PostingKind
from documents.statements.content import Content

WIDTH, MOST_LINES = 65, 6
"""Of the text of an entry (:86:)."""
DIGITS = 15
"""Of a sum, its comma counted (15d)."""
SEN = ",00"
ANOTHER = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")
NEAREST = str.maketrans(
    {
        **{"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"},
        **{"ł": "l", "Ł": "L", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "ŋ": "ng", "Ŋ": "Ng"},
        **{"&": "+", "@": "(at)", "_": "-", "–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", '"': "'", "“": "'"},
        **{"”": "'", "`": "'", "´": "'", ";": ",", "[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "|": "/"},
        **{"·": ",", "%": " pct", "=": "-", "~": "-", "<": "(", ">": ")"},
    }
)
OF_MONEY_SENT = (PostingKind.HOLD, PostingKind.RELEASE, PostingKind.RETURN, PostingKind.TOP_UP, PostingKind.WITHDRAWAL)
"""Booked as transfers (NTRF); all else is NMSC."""


class TooLarge(ValueError):
    """A sum has more digits than the standard has room for."""


def write(content: Content, path: Path) -> None:
    """Write the file; raises TooLarge."""
    first, last = content.statement.first, content.statement.last
    with path.open("w", encoding="ascii", newline="") as file:

        def put(*lines: str) -> None:
            file.write("".join(f"{line}\r\n" for line in lines))

        put(
            f":20:FD{_day(first)}{_day(last)}",
            f":25:FLIPDASH/{content.account}",
            f":28C:{last:%y%j}/1",
            f":60F:{_balance(content.period.opening, first)}",
        )
        for row in content.rows():
            put(*_entry(row))
        closing = _balance(content.period.closing, last)
        put(f":62{'F' if content.is_over else 'M'}:{closing}", f":64:{closing}", "-")


def text_of(row: Movement) -> list[str]:
    """Return the lines that tell of an entry: what it is, its number, and what it was for."""
    words = plain(f"{row.kind.label} {row.source_id} {row.description}")
    lines = textwrap.wrap(words, WIDTH, break_on_hyphens=False)[:MOST_LINES]
    # A line that began so would be taken for another field, or for the end of the message.
    return [f".{line[1:]}" if line[0] in ":-" else line for line in lines]


def plain(text: str) -> str:
    """Return a text in SWIFT's character set x, with single blanks."""
    apart = unicodedata.normalize("NFKD", " ".join(text.replace(" · ", ", ").split()).translate(NEAREST))
    seen = "".join(letter for letter in apart if unicodedata.category(letter) not in ("Mn", "Mc", "Me", "Cf", "Cc"))
    return " ".join(ANOTHER.sub(".", seen.translate(NEAREST)).split())


def _entry(row: Movement) -> list[str]:
    day = timezone.localtime(row.at).date()
    sign = "C" if row.amount > 0 else "D"
    if row.kind == PostingKind.REVERSAL:  # what came in by one takes a debit back
        sign = "RD" if row.amount > 0 else "RC"
    kind = "NTRF" if row.kind in OF_MONEY_SENT else "NMSC"
    head = f":61:{_day(day)}{day:%m%d}{sign}{_sum(row.amount)}{kind}NONREF"
    text = text_of(row)
    # Our ids are longer than a reference of 16 may be: they stand in the line for details, and in the text.
    return [head, str(row.source_id), f":86:{text[0]}", *text[1:]]


def _balance(balance: int, day: date) -> str:
    return f"{'D' if balance < 0 else 'C'}{_day(day)}{RUPIAH}{_sum(balance)}"


def _sum(amount: int) -> str:
    """Write a sum without its sign, with two digits of sen where there is room; raises TooLarge."""
    digits = str(abs(amount))
    if len(digits) >= DIGITS:
        raise TooLarge(digits)
    return digits + SEN if len(digits) + len(SEN) <= DIGITS else f"{digits},"


def _day(day: date) -> str:
    return f"{day:%y%m%d}"
