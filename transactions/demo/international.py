"""International transfers of the demo: beans and machines bought abroad, and people paid there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from accounts.demo import HISTORY, KOPI_KITA, TOKO_SEBELAH
from accounts.models import Business
from flipdash import rls, world
from flipdash.actors import SYSTEM
from flipdash.mode import Mode
from transactions.corridors import TransferKind
from transactions.demo.author import Author, Cast
from transactions.demo.plans import SEED, DemoHistory
from transactions.demo.pouring import Row
from transactions.demo.rhythm import moments
from transactions.demo.words import FIRST_NAMES, LAST_NAMES
from transactions.demo.writing import Planned, Tables, business_of, write_missing
from transactions.models import (
    Corridor,
    InternationalEvent,
    InternationalTransfer,
    Quote,
    SourceOfFunds,
    Status,
    Via,
)

HISTORIES = (
    DemoHistory(KOPI_KITA.slug, Mode.LIVE, total=560, small=60),
    DemoHistory(KOPI_KITA.slug, Mode.TEST, total=120, small=30),
    DemoHistory(TOKO_SEBELAH.slug, Mode.LIVE, total=45, small=20),
)
TABLES = Tables(InternationalTransfer, InternationalEvent, "transfer")


@dataclass(frozen=True)
class Place:
    """A country in which the demo's businesses pay: its currency in rupiah, its banks, and whom they pay there."""

    country: str
    currency: str
    rate: str
    banks: tuple[str, ...]
    firms: tuple[str, ...]
    people: tuple[str, ...]
    weight: int


# fmt: off
PLACES = (
    Place("SG", "SGD", "12680.5500", ("DBS Bank", "OCBC Bank", "UOB"),
          ("Lion City Roasters Pte Ltd", "Straits Packaging Pte Ltd"), ("Tan Mei Ling", "Muhammad Hafiz"), 20),
    Place("IT", "EUR", "17890.2500", ("Intesa Sanpaolo", "UniCredit"),
          ("Officine Espresso S.r.l.", "Macchine Fiorenza S.p.A."), ("Giulia Conti", "Niccolò D'Angelo"), 12),
    Place("US", "USD", "16450.0000", ("JPMorgan Chase", "Bank of America"),
          ("Portland Grinder Works LLC", "Cup & Sleeve Inc."), ("Emily O'Brien", "James Carter"), 14),
    Place("JP", "JPY", "107.3500", ("MUFG Bank", "Sumitomo Mitsui Banking"),
          ("株式会社コーヒー道具", "Hario Partners K.K."), ("Kenji Sato", "Yuki Tanaka"), 10),
    Place("VN", "VND", "0.6312", ("Vietcombank", "Techcombank"),
          ("Buon Ma Thuot Robusta Co.", "Da Lat Arabica JSC"), ("Nguyễn Thị Hương", "Trần Văn Minh"), 10),
    Place("CN", "CNY", "2280.4000", ("Bank of China", "ICBC"),
          ("深圳市咖啡机有限公司", "Guangzhou Glassware Co., Ltd"), ("陈伟强",), 9),
    Place("MY", "MYR", "3890.1000", ("Maybank", "CIMB Bank"),
          ("Kopitiam Supplies Sdn Bhd",), ("Nur Aisyah binti Rahman", "Lim Wei Jie"), 9),
    Place("AU", "AUD", "10650.7500", ("Commonwealth Bank", "Westpac"),
          ("Melbourne Barista School Pty Ltd",), ("Olivia Nguyen",), 7),
    Place("DE", "EUR", "17890.2500", ("Deutsche Bank", "Commerzbank"),
          ("Röstmaschinen Müller GmbH",), ("Jürgen Weiß",), 5),
    Place("KR", "KRW", "11.6200", ("Shinhan Bank", "KB Kookmin Bank"),
          ("서울커피기계 주식회사",), ("김민서",), 5),
    Place("TH", "THB", "478.3000", ("Kasikornbank", "Bangkok Bank"),
          ("Chiang Mai Hill Coffee Co., Ltd",), ("Somchai Wongsawat",), 5),
    Place("GB", "GBP", "21400.8000", ("Barclays", "HSBC UK"),
          ("London Tea & Coffee Ltd",), ("Charlotte Davies",), 4),
    Place("SA", "SAR", "4380.6000", ("Al Rajhi Bank",), (), ("محمد عبد الرحمن",), 2),
)
# fmt: on
POOL = tuple(place for place in PLACES for _ in range(place.weight))
FEE = 75_000
OPEN = ((Status.PENDING_APPROVAL, (38, 190, 420)), (Status.PROCESSING, (55, 300)), (Status.SCHEDULED, (130,)))
"""What is still open at the end: its state, and how many minutes before the end each was made."""


def write(history: DemoHistory, *, newest: int | None = None) -> None:
    """Write what is missing of a history, or of its newest part."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        write_missing(TABLES, history, plan(history, business)[:newest], _quote(history))


def plan(history: DemoHistory, business: Business) -> list[Planned]:
    """Plan the whole history, the newest first."""
    zone, start = ZoneInfo(business.time_zone), business.created_at
    end = start + HISTORY
    random = Random(f"{SEED}:{history.slug}:{history.mode}:international")
    author = Author(random, Cast.of(business, history.mode), end, answers_after=15_000, zone=zone)
    rows = list(_open(author))
    when = Random(f"{SEED}:{history.slug}:{history.mode}:international:when")
    rows += [_sent(author, at) for at in moments(when, start, end, history.total - len(rows), zone)]
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def _sent(author: Author, at: datetime) -> Planned:
    place = author.pick(POOL)
    via = Via.API if author.random.random() < 0.12 else Via.DASHBOARD
    return _planned(author, place, author.live(_draft(author, at, place, via)))


def _open(author: Author) -> Iterator[Planned]:
    for status, ages in OPEN:
        for minutes in ages:
            at = author.until - timedelta(minutes=minutes)
            place = author.pick(POOL)
            row = _draft(author, at, place, Via.DASHBOARD)
            row.status = status
            if status != Status.PENDING_APPROVAL:
                author.approve(row, at + timedelta(minutes=minutes / 3))
            if status == Status.PROCESSING:
                row.sent_at = at + timedelta(minutes=minutes / 2)
            yield _planned(author, place, row)


def _draft(author: Author, at: datetime, place: Place, via: str) -> Row:
    name, most = author.pick(place.people), 25_000_000
    if place.firms and author.random.random() < 0.6:
        name, most = author.pick(place.firms), 240_000_000
    elif author.random.random() < 0.1:
        name = f"{author.pick(FIRST_NAMES)} {author.pick(LAST_NAMES)}"
    return Row(
        status=Status.PENDING_APPROVAL,
        destination_kind="",
        bank="",
        account_number=_account(author, place),
        beneficiary_name=name,
        amount=author.amount(2_000_000, most),
        fee=FEE,
        remark="",
        via=via,
        maker=author.pick(author.cast.makers if via == Via.DASHBOARD else author.cast.programs[:1]),
        created_at=at,
        internal_reference=f"PO-{at:%Y}-{author.digits(5)}" if most > 100_000_000 else "",
    )


def _account(author: Author, place: Place) -> str:
    is_iban = place.currency in {"EUR", "GBP", "SAR"}
    return f"{place.country}{author.digits(2)}{author.digits(18)}" if is_iban else author.digits(10)


def _planned(author: Author, place: Place, row: Row) -> Planned:
    """Turn a draft that has lived its life into a transfer abroad, at that day's rate."""
    rate = (Decimal(place.rate) * Decimal(author.random.randint(9_700, 10_300)) / 10_000).quantize(Decimal("0.0001"))
    fields = {
        "status": row.status,
        "reason": row.reason,
        "country": place.country,
        "beneficiary_bank": author.pick(place.banks),
        "beneficiary_name": row.beneficiary_name,
        "account_number": row.account_number,
        "currency": place.currency,
        "rate": rate,
        "amount": row.amount,
        "fee": row.fee,
        "amount_received": world.in_currency(row.amount / rate, place.currency),
        "purpose": "goods" if row.internal_reference else author.pick(("services", "salary", "education", "travel")),
        "transfer_kind": TransferKind.B2B if row.beneficiary_name in place.firms else TransferKind.B2C,
        "source_of_funds": SourceOfFunds.BUSINESS,
        "internal_reference": row.internal_reference,
        "via": row.via,
        **row.maker.columns("maker"),
        **(row.approver.columns("approver") if row.approver else {}),
        "bank_reference": row.bank_reference,
        "completed_at": row.completed_at,
        "returned_at": row.returned_at,
    }
    return Planned(
        row.created_at,
        fields,
        [
            ("created", row.created_at, row.maker, ""),
            ("approved", row.approved_at, row.approver or SYSTEM, ""),
            ("sent", row.sent_at, SYSTEM, ""),
            (row.ended_as or "", row.ended_at, row.ended_by, ""),
            ("returned", row.returned_at, SYSTEM, "Account blocked at the beneficiary's bank"),
        ],
    )


def _quote(history: DemoHistory) -> Callable[[list[Planned]], None]:
    """Return what makes the quotes that the dashboard's transfers were made from."""
    corridors = {(corridor.country, corridor.currency): corridor for corridor in Corridor.objects.all()}
    business = business_of(history)

    def prepare(rows: list[Planned]) -> None:
        quoted = [row for row in rows if row.fields["via"] == Via.DASHBOARD]
        quotes = Quote.objects.bulk_create(
            Quote(
                business=business,
                mode=history.mode,
                corridor=corridors[row.fields["country"], row.fields["currency"]],
                kind=row.fields["transfer_kind"],
                created_at=row.created_at - timedelta(minutes=2),
                expires_at=row.created_at + timedelta(minutes=13),
                **{name: row.fields[name] for name in ("amount", "rate", "fee", "amount_received")},
            )
            for row in quoted
        )
        for row, quote in zip(quoted, quotes, strict=True):
            row.fields["quote"] = quote

    return prepare
