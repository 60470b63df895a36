"""What a receipt says: one successful transaction, as it is printed and as its file is called."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from django.core.files.storage import default_storage
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from documents import operator, pdf
from flipdash import money
from flipdash.histories import History
from flipdash.histories.columns import Fact, Row
from flipdash.scope import Scope

LOGO = "flipdash:logo"
"""The address by which the page asks for the picture."""
FEE = "fee"
"""The field that whoever is paid need not see."""
LONGEST_NAME = 40
"""Characters of the name in a file's name: the whole path stays below what Windows takes."""
FOLDED = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"}
    | {"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "þ": "th", "Þ": "Th", "ı": "i"}
)
"""Latin letters that don't fall apart into one of ASCII and a mark."""


@dataclass(frozen=True)
class Paper:
    """The receipt of one successful transaction. Make and use it in the language and the zone that it is read in."""

    history: History
    transaction: Any
    row: Row
    with_fee: bool = True

    @classmethod
    def of(cls, declared: type[History], scope: Scope, pk: int, *, with_fee: bool = True) -> Self | None:
        """Return the receipt of a row that the scope may see, whatever its age; None where there is none."""
        rows = declared.model.objects.visible_to(scope, searched=True).filter(pk=pk)
        return next(iter(cls.all_of(declared(scope, QueryDict()), rows, with_fee=with_fee)), None)

    @classmethod
    def all_of(cls, history: History, rows: Any, *, with_fee: bool) -> list[Self]:
        """Return the receipts of the rows of a query that have one, in its order."""
        transactions = rows.in_bulk()
        fields = rows.values(*history.value_fields)
        return [
            cls(history, transactions[row["id"]], row, with_fee)
            for row in fields
            if row["id"] in transactions and transactions[row["id"]].is_successful
        ]

    @property
    def figure(self) -> str:
        """The amount that it is about."""
        return self.history.heading_of(self.row)

    @property
    def state(self) -> str:
        """Where the transaction stands, in words."""
        return self.history.state_column.words(self.row) if self.history.state_column else ""

    @property
    def is_returned(self) -> bool:
        """Whether it says that the money came back."""
        return getattr(self.transaction, "returned_at", None) is not None

    @property
    def badge(self) -> SafeString:
        """Where the transaction stands, as pages show it."""
        return self.history.state_of(self.row)

    @cached_property
    def groups(self) -> list[list[Fact]]:
        """The lines of the receipt, fit for print: whom it is about, how it is found again, and the money."""
        declared = self.history.receipt
        parts = (declared.about, declared.record, declared.figures) if declared else ()
        left_out = () if self.with_fee else (FEE,)
        return [
            [
                {**fact, "value": pdf.printable(fact["value"])}
                for fact in self.history.receipt_facts_of(self.row, [name for name in part if name not in left_out])
            ]
            for part in parts
        ]

    @property
    def facts(self) -> list[Fact]:
        """All lines of the receipt."""
        return [fact for group in self.groups for fact in group]

    @property
    def total(self) -> Fact | None:
        """What it took from the deposit, for whoever sees the fee."""
        declared = self.history.receipt
        if not (declared and declared.total and self.with_fee):
            return None
        taken = money.rupiah(self.transaction.amount + self.transaction.fee)
        return {"label": declared.total, "value": taken, "copyable": False}

    @property
    def about(self) -> str:
        """Whom it was paid to or by, in a line, fit for print."""
        return pdf.printable(self.history.about_in_words(self.row))

    @property
    def business(self) -> str:
        """The business's legal name, fit for print."""
        return pdf.printable(self.history.scope.business.legal_name)

    @property
    def party(self) -> str:
        """The name of whoever was paid, or paid."""
        return str(self.row[self.history.receipt.party] or "") if self.history.receipt else ""

    @property
    def arrived_at(self) -> datetime:
        """When the money arrived, in the zone of the moment."""
        receipt = self.history.receipt
        return timezone.localtime((receipt and self.row[receipt.at]) or self.transaction.created_at)

    @property
    def file_name(self) -> str:
        """Receipt_Sri-Wahyuni_Rp1.850.000_2026-11-20_<id>.pdf; Test Mode's begin with TEST_.

        The same in both languages, and a name on every system: plain letters, digits, dots and hyphens.
        """
        amount = f"Rp{self.transaction.amount:,}".replace(",", ".")
        parts = ["Receipt", plain(self.party), amount, f"{self.arrived_at.date()}", str(self.transaction.pk)]
        name = "_".join(part for part in parts if part)
        return f"{'TEST_' if self.history.scope.is_test else ''}{name}.pdf"


def plain(name: str) -> str:
    """Return a name in letters that every system takes: Sri-Wahyuni, Nguyen-Van-A; "" where it has none of them."""
    folded = unicodedata.normalize("NFKD", name.translate(FOLDED)).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", folded).strip("-")[:LONGEST_NAME].strip("-")


def printed(papers: Sequence[Paper], scope: Scope, *, several: bool = False) -> bytes:
    """Return receipts as PDF, each on a page of its own, in the language and the zone of the moment.

    `several` says that they are part of a larger file, whose pages aren't counted. One takes some 50 ms and each
    further one 20 ms: a page may wait for one.
    """
    logo = logo_of(scope)
    title = str(papers[0].history.receipt.title) if papers[0].history.receipt else ""
    context = {
        "title": title if several else f"{title} {papers[0].transaction.pk}",
        "papers": papers,
        "scope": scope,
        "several": several,
        "language": get_language(),
        "logo": LOGO if logo else "",
        "operator": operator.from_settings(),
    }
    return pdf.render("pdf/receipt.html", context, {LOGO: logo} if logo else None)


def logo_of(scope: Scope) -> bytes | None:
    """Return the business's picture, if it has one."""
    stored = scope.business.logo
    if not stored:
        return None
    try:
        with default_storage.open(stored) as picture:
            return bytes(picture.read())
    except FileNotFoundError:  # replaced a moment ago
        return None
