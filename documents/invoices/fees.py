"""The fees of a time, from the ledger: what came into a business's account of fees, by product and price.

A fee is taken when its transaction succeeds, and an entry of the account says so; a settlement's entry has the fees of
all its payments, each of which is told here by itself. Where it is given back, by
a reversal or an adjustment, an entry below zero says so, in the month of that. What is moved on to the operator is no
fee.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connections

from documents.invoices import products
from flipdash.scope import Business

FOUND = """
FROM deposits_account a
JOIN deposits_entry e ON e.account_id = a.id AND e.created_at >= %(starts_at)s AND e.created_at < %(ends_at)s
JOIN deposits_posting p ON p.id = e.posting_id
LEFT JOIN deposits_posting r ON r.id = p.reverses_id
JOIN LATERAL (
    SELECT coalesce(r.source_type, p.source_type) AS type, coalesce(r.source_id, p.source_id) AS id,
        CASE WHEN e.amount < 0 THEN date_trunc('month', coalesce(r.effective_at, (
            SELECT c.effective_at FROM deposits_posting c
            WHERE (c.business_id, c.mode, c.source_type, c.source_id)
                = (p.business_id, p.mode, p.source_type, p.source_id) AND c.kind IN ('capture', 'settlement')
        ), p.effective_at) AT TIME ZONE %(zone)s)::date END AS given_back_of
) s ON true
LEFT JOIN transactions_moneytransfer t ON s.type = 'money_transfer' AND t.id = s.id AND t.business_id = a.business_id
LEFT JOIN {payments} d ON s.type = 'settlement' AND d.run_id = s.id
LEFT JOIN transactions_payment y
    ON y.id = CASE s.type WHEN 'payment' THEN s.id WHEN 'settlement' THEN d.payment_id END
    AND y.business_id = a.business_id
LEFT JOIN transactions_internationaltransfer i
    ON s.type = 'international_transfer' AND i.id = s.id AND i.business_id = a.business_id
LEFT JOIN transactions_refund f ON s.type = 'refund' AND f.id = s.id AND f.business_id = a.business_id
CROSS JOIN LATERAL (
    SELECT CASE s.type
            WHEN 'money_transfer' THEN concat('money_transfer.', t.destination_kind)
            WHEN 'payment' THEN concat('payment.', y.channel_kind)
            WHEN 'settlement' THEN concat('payment.', y.channel_kind)
            WHEN 'international_transfer' THEN s.type
            WHEN 'refund' THEN s.type
            ELSE 'other' END AS product,
        coalesce(t.amount, y.amount, i.amount, f.amount) AS moved,
        CASE WHEN d.payment_id IS NULL THEN e.amount ELSE sign(e.amount)::bigint * y.fee END AS fee,
        CASE WHEN d.payment_id IS NULL THEN s.type ELSE 'payment' END AS type, coalesce(d.payment_id, s.id) AS id
) m
WHERE a.business_id = %(business)s AND a.mode = %(mode)s AND a.kind = 'fees' AND a.currency = 'IDR'
    AND coalesce(r.kind, p.kind) <> 'sweep' AND m.fee <> 0
"""
SETTLED = "transactions_settledpayment"
NEXT_SETTLED = """LATERAL (
    SELECT z.run_id, z.payment_id FROM transactions_settledpayment z JOIN transactions_payment c ON c.id = z.payment_id
    WHERE s.type = 'settlement' AND z.run_id = s.id AND c.fee <> 0
        AND z.payment_id > CASE e.id WHEN %(after_id)s THEN %(after_source)s ELSE 0 END
    ORDER BY z.payment_id LIMIT %(most)s
)"""
"""The payments of a settlement that one page can have, so that none reads those of a whole month."""
LINES = f"""
SELECT m.product, s.given_back_of, CASE WHEN m.product <> ALL (%(shares)s) THEN abs(m.fee) END AS price,
    count(*), CASE WHEN m.product = ANY (%(shares)s) THEN sum(m.moved)::bigint END, sum(m.fee)::bigint
{FOUND.format(payments=SETTLED)} GROUP BY 1, 2, 3
"""
BEHIND = f"""
SELECT e.id, e.created_at, m.type, m.id, m.product, m.moved, m.fee, s.given_back_of
{FOUND.format(payments=NEXT_SETTLED)}
    AND e.created_at >= %(after_at)s AND (e.created_at, e.id) >= (%(after_at)s, %(after_id)s)
    AND (e.created_at, e.id, m.id) > (%(after_at)s, %(after_id)s, %(after_source)s)
    AND NOT (e.id = %(after_id)s AND s.type = 'settlement' AND d.payment_id IS NULL)
ORDER BY e.created_at, e.id, m.id LIMIT %(most)s
"""
AT_A_TIME = 5_000  # rows


@dataclass(frozen=True)
class Line:
    """What one product cost at one price, or what of an earlier month was given back; rupiah, PPN included."""

    product: str
    given_back_of: date | None
    price: int | None
    count: int
    received: int | None
    amount: int


@dataclass(frozen=True)
class Fee:
    """One fee: the entry of the ledger that has it, and the transaction that it is for."""

    entry: int
    at: datetime
    source_type: str
    source_id: int
    product: str
    moved: int | None
    """The transaction's own amount."""
    amount: int
    given_back_of: date | None

    @property
    def place(self) -> "Place":
        """Where it stands among all of them."""
        return self.at, self.entry, self.source_id


Place = tuple[datetime, int, int]
"""When a fee was taken, its entry, and its transaction's id."""


@dataclass(frozen=True)
class Time:
    """Whose fees, and from when until before when; months are those of the zone."""

    business: Business
    mode: str
    starts_at: datetime
    ends_at: datetime
    zone: str

    def lines(self, using: str = "default") -> list[Line]:
        """Return the fees by product and price, in the order of an invoice: what was given back comes last."""
        found = [Line(*row) for row in self._rows(LINES, {}, using)]
        return sorted(
            found,
            key=lambda line: (
                line.given_back_of is not None,
                products.place_of(line.product),
                line.given_back_of or date.min,
                -(line.price or 0),
            ),
        )

    def behind(self, using: str = "default", *, after: Place | None = None, most: int = AT_A_TIME) -> list[Fee]:
        """Return the next single fees after one, the oldest first."""
        return [Fee(*row) for row in self._rows(BEHIND, self.position(after, most), using)]

    def position(self, after: Place | None, most: int) -> dict[str, Any]:
        """Return where a page begins, and its length, as the query takes them."""
        after_at, after_id, after_source = after or (self.starts_at, 0, 0)
        return {"after_at": after_at, "after_id": after_id, "after_source": after_source, "most": most}

    def all_behind(self, using: str = "default") -> Iterator[Fee]:
        """Yield all single fees, some thousands at a time."""
        after = None
        while some := self.behind(using, after=after):
            yield from some
            after = some[-1].place

    def _rows(self, statement: str, more: dict[str, Any], using: str) -> list[tuple[Any, ...]]:
        values = {
            "business": self.business.pk,
            "mode": str(self.mode),
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "zone": self.zone,
            "shares": list(products.SHARES),
            **more,
        }
        with connections[using].cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
