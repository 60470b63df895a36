"""International transfers of the demo: beans and machines bought abroad, and people paid there. What happens to them is
year.py's.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from random import Random
from zoneinfo import ZoneInfo

from accounts.demo import HISTORY, KOPI_KITA, TOKO_SEBELAH
from accounts.models import Business
from flipdash import world
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.corridor_banks import BANKS
from transactions.corridors import CORRIDORS, TransferKind
from transactions.demo.author import Author, Cast
from transactions.demo.plans import SEED, DemoHistory
from transactions.demo.pouring import Row
from transactions.demo.rhythm import moments
from transactions.demo.words import FIRST_NAMES, LAST_NAMES
from transactions.international.earlier import Made
from transactions.international.quotes import Wanted
from transactions.international.services import Draft
from transactions.models import Corridor, Purpose, Side, SourceOfFunds, Status, Via
from transactions.rails import simulated_quotes

HISTORIES = (
    DemoHistory(KOPI_KITA.slug, Mode.LIVE, total=560, small=60),
    DemoHistory(KOPI_KITA.slug, Mode.TEST, total=120, small=30),
    DemoHistory(TOKO_SEBELAH.slug, Mode.LIVE, total=45, small=20),
)
ANSWERS_AFTER = 15_000
"""Seconds that banks abroad take, give or take."""
DECIDED_AFTER = 40
"""Seconds that an approver takes, give or take: they are rung up, for the rate holds for a minute and a half."""


@dataclass(frozen=True)
class Place:
    """A country in which the demo's businesses pay: its city and banks, and whom they pay there."""

    country: str
    city: str
    banks: tuple[str, ...]
    """Where one of a list is chosen, by their ids."""
    firms: tuple[str, ...]
    people: tuple[str, ...]
    weight: int


# fmt: off
PLACES = (
    Place("SG", "Singapore", ("DBSSSGSG", "OCBCSGSG", "UOVBSGSG"),
          ("Lion City Roasters Pte Ltd", "Straits Packaging Pte Ltd"), ("Tan Mei Ling", "Muhammad Hafiz"), 20),
    Place("IT", "Firenze", ("Intesa Sanpaolo", "UniCredit"),
          ("Officine Espresso S.r.l.", "Macchine Fiorenza S.p.A."), ("Giulia Conti", "Niccolò D'Angelo"), 12),
    Place("US", "Portland", ("JPMorgan Chase", "Bank of America"),
          ("Portland Grinder Works LLC", "Cup & Sleeve Inc."), ("Emily O'Brien", "James Carter"), 14),
    Place("JP", "Tokyo", ("BOTKJPJT", "SMBCJPJT"),
          ("株式会社コーヒー道具", "Hario Partners K.K."), ("Kenji Sato", "Yuki Tanaka"), 10),
    Place("VN", "Da Lat", ("BFTVVNVX", "VTCBVNVX"),
          ("Buon Ma Thuot Robusta Co.", "Da Lat Arabica JSC"), ("Nguyễn Thị Hương", "Trần Văn Minh"), 10),
    Place("CN", "Shenzhen", ("BKCHCNBJ", "ICBKCNBJ"),
          ("深圳市咖啡机有限公司", "Guangzhou Glassware Co., Ltd"), (), 9),
    Place("MY", "Kuala Lumpur", ("MBBEMYKL", "CIBBMYKL"),
          (), ("Nur Aisyah binti Rahman", "Lim Wei Jie"), 9),
    Place("AU", "Melbourne", ("Commonwealth Bank", "Westpac"),
          ("Melbourne Barista School Pty Ltd",), ("Olivia Nguyen",), 7),
    Place("DE", "Köln", ("Deutsche Bank", "Commerzbank"),
          ("Röstmaschinen Müller GmbH",), ("Jürgen Weiß",), 5),
    Place("KR", "Seoul", ("SHBKKRSE", "CZNBKRSE"),
          ("서울커피기계 주식회사",), ("김민서",), 5),
    Place("TH", "Chiang Mai", ("KASITHBK", "BKKBTHBK"),
          ("Chiang Mai Hill Coffee Co., Ltd",), ("Somchai Wongsawat",), 5),
    Place("GB", "London", ("Barclays", "HSBC UK"),
          ("London Tea & Coffee Ltd",), ("Charlotte Davies",), 4),
    Place("SA", "Jeddah", ("Al Rajhi Bank",), (), ("محمد عبد الرحمن",), 2),
)
# fmt: on
POOL = tuple(place for place in PLACES for _ in range(place.weight))
OPEN = ((Status.PENDING_APPROVAL, (38, 190, 420)), (Status.PROCESSING, (55, 300)))
"""What is still open at the end: its state, and how many minutes before the end each was made."""
PHONES = {"CN": "+8675512345678", "KR": "+82212345678", "TH": "+6653123456"}
IBANS = {"IT": ("X", 22), "DE": ("", 18), "SA": ("", 20)}
"""With what an account number inside an IBAN begins, and how many digits follow."""


@dataclass(slots=True)
class Abroad(Row):
    """A transfer abroad with its timeline."""

    place: Place | None = None
    kind: str = ""
    purpose: str = ""
    rate: Decimal = Decimal(1)
    received: Decimal = Decimal(1)


def history_of(slug: str, mode: str) -> DemoHistory | None:
    """Return how much a business has of this in a mode."""
    return next((one for one in HISTORIES if (one.slug, one.mode) == (slug, mode)), None)


def plan(history: DemoHistory, business: Business) -> list[Abroad]:
    """Plan the whole history, the newest first."""
    zone, start = ZoneInfo(business.time_zone), business.created_at
    end = start + HISTORY
    random = Random(f"{SEED}:{history.slug}:{history.mode}:international")
    cast = Cast.of(business, history.mode)
    author = Author(random, cast, end, ANSWERS_AFTER, zone, decides_after=DECIDED_AFTER)
    rows = list(_open(author))
    when = Random(f"{SEED}:{history.slug}:{history.mode}:international:when")
    rows += [_sent(author, at) for at in moments(when, start, end, history.total - len(rows), zone)]
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def _sent(author: Author, at: datetime) -> Abroad:
    row = _draft(author, at)
    author.live(row)
    return row


def _open(author: Author) -> Iterator[Abroad]:
    for status, ages in OPEN:
        for minutes in ages:
            at = author.until - timedelta(minutes=minutes)
            row = _draft(author, at)
            row.status = status
            if status == Status.PROCESSING:
                author.approve(row, at + timedelta(seconds=DECIDED_AFTER))
                row.sent_at = at + timedelta(seconds=DECIDED_AFTER + 2)
            yield row


def _draft(author: Author, at: datetime) -> Abroad:
    """Plan who is paid, and how much, at that day's rate."""
    place = author.pick(POOL)
    is_firm = bool(place.firms) and (not place.people or author.random.random() < 0.6)
    name, most = (author.pick(place.firms), 240_000_000) if is_firm else (author.pick(place.people), 25_000_000)
    if not is_firm and author.random.random() < 0.1:
        name = f"{author.pick(FIRST_NAMES)} {author.pick(LAST_NAMES)}"
    known = Random(f"{SEED}:{place.country}:{name}")  # whoever is paid again has the same account
    amount, currency = author.amount(2_000_000, most), CORRIDORS[place.country].currency
    usual, fee = simulated_quotes.RATES[currency]
    rate = (Decimal(usual) * Decimal(author.random.randint(9_700, 10_300)) / 10_000).quantize(simulated_quotes.FOUR)
    unit = Decimal(1).scaleb(-world.decimals_of(currency))
    return Abroad(
        status=Status.PENDING_APPROVAL,
        destination_kind="",
        bank=known.choice(place.banks),
        account_number=_account(known, place),
        beneficiary_name=name,
        amount=amount,
        fee=fee,
        remark="",
        via=Via.DASHBOARD,
        maker=author.pick(author.cast.makers),
        created_at=at,
        internal_reference=f"PO-{at:%Y}-{author.digits(5)}" if is_firm else "",
        place=place,
        kind=str(TransferKind.B2B if is_firm else TransferKind.B2C),
        purpose=str(Purpose.GOODS if is_firm else author.pick((Purpose.SERVICES, Purpose.SALARY, Purpose.EDUCATION))),
        rate=rate,
        received=(amount / rate).quantize(unit, ROUND_FLOOR),
    )


def _account(known: Random, place: Place) -> str:
    least, most = CORRIDORS[place.country].digits
    begins, digits = IBANS.get(place.country, ("", min(most, max(least, 10))))
    number = begins + _digits(known, digits)
    if place.country not in IBANS:
        return number
    turned = "".join(str(int(letter, 36)) for letter in f"{number}{place.country}00")
    return f"{place.country}{98 - int(turned) % 97:02d}{number}"


def _digits(known: Random, count: int) -> str:
    return f"{known.randrange(10**count):0{count}d}"


def _details(row: Abroad, place: Place) -> dict[str, str]:
    """Return what its corridor asks for: always the same of whoever is paid again, but for the document."""
    known = Random(f"{SEED}:{place.country}:{row.beneficiary_name}:details")
    city = {"city": place.city, "province": place.city}
    values = {
        **city,
        "bank_id": row.bank,
        "iban": row.account_number,
        "address": f"{known.randint(1, 240)} {place.city}",
        "sort_code": _digits(known, 6),
        "bsb_number": _digits(known, 6),
        "ach_code": known.choice(("021000021", "026009593")),
        "branch_number": _digits(known, 3),
        "id_number": _digits(known, 12),
        "msisdn": PHONES.get(place.country, ""),
        "document_reference_number": row.internal_reference,
    }
    return {one.name: values[one.name] for one in CORRIDORS[place.country].asked(row.kind) if one.is_required}


def made(row: Abroad, by: Scope, corridors: dict[str, Corridor], key: uuid.UUID, rail: str) -> Made:
    """Return how somebody made one of the plan."""
    place = row.place
    assert place is not None  # noqa: S101  (of the plan)
    draft = Draft(
        wanted=Wanted(corridors[place.country], row.kind, str(Side.SENT), Decimal(row.amount)),
        account_number=row.account_number,
        beneficiary_bank=BANKS.get(place.country, {}).get(row.bank, row.bank),
        beneficiary_name=row.beneficiary_name,
        purpose=row.purpose,
        source_of_funds=str(SourceOfFunds.BUSINESS),
        details=_details(row, place),
        internal_reference=row.internal_reference,
    )
    return Made(by, draft, row.created_at, key, rail, row.rate, row.fee, row.received)
