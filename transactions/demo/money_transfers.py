"""A year of believable money transfers, from a fixed seed.

The history of a demo business ends 13 months after `Business.created_at` (accounts/demo.py sets that to 13
months before its making), so every run plans the same transfers at the same microseconds. That moment is what
an existing transfer is recognised by: a run adds only those of the plan that are missing.
"""

import calendar
import time as clock_time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from operator import attrgetter
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.core.management.base import CommandError
from django.db import connection, transaction

from accounts.demo import HISTORY, KOPI_KITA, TOKO_SEBELAH
from accounts.models import Business
from accounts.permissions import Permission
from flipdash import clock
from flipdash.mode import Mode
from transactions.destinations import Kind
from transactions.models import MoneyTransfer, Status, Via

T = TypeVar("T")

SEED = 20_261_101
STEP = 500  # rows of one transaction, when the history is written
BULK_STEP = 20_000  # the same, when a business is filled


@dataclass(frozen=True)
class History:
    """How much of a demo business's history there is in one mode, and how much of it `bootstrap` makes."""

    slug: str
    mode: Mode
    total: int
    small: int
    staff: int = 0


HISTORIES = (
    History(KOPI_KITA.slug, Mode.LIVE, total=5_400, small=600, staff=110),
    History(KOPI_KITA.slug, Mode.TEST, total=300, small=40, staff=0),
    History(TOKO_SEBELAH.slug, Mode.LIVE, total=420, small=60, staff=9),
)


# --- Words: the first of each list are very common, the last are rare ------------------------------------
def _words(text: str, between: str | None = None) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(between))


FIRST_NAMES = _words("""
    Budi Siti Agus Dewi Andi Sri Rizky Putri Dimas Ayu Eko Nur Joko Rina Hendra Wulan Yusuf Fitri Made Ketut
    Wayan Maria Yohanes Fransiska Taufik Lestari Bambang Indah Gilang Ratih Arif Melati Surya Intan Iqbal
    Kartika Reza Nadia Galih Tiara Markus Yuliana Samsul Halimah Komang Cahya Teuku Cut Ucok Butet Asep Neneng
    Zainal Zulaikha
""")
LAST_NAMES = _words("""
    Santoso Wijaya Saputra Lestari Kusuma Hidayat Nugroho Pratama Susanti Setiawan Rahayu Siregar Nasution
    Simanjuntak Situmorang Hutapea Ginting Tanuwijaya Halim Gunawan Hartono Suryadi Maulana Firmansyah Permata
    Anggraini Wibowo Utami Purnomo Mahendra Pangestu Lubis Harahap Pohan Tambunan Sihombing Rumahorbo Fonataba
    Wenda Latuconsina
""")
SUPPLIERS = _words(
    """PT Gayo Highland Koperasi, CV Mega Situ Rasa, UD Sumber Susu Segar, PT Toraja Sapan Kopi,
    CV Kemasan Prima, Koperasi Tani Kintamani, PT Gula Aren Lebak, PT Sinar Jaya Logistik, CV Roti Mawar,
    UD Plastik Abadi, PT Air Murni Tirta, CV Mesin Espresso Indonesia, PT Listrik Prabayar Nusantara,
    Bengkel Las Pak Dhe, PT Karton Box Bandung, CV Teh Walini, Percetakan Cahaya, PT Oatside Distribusi,
    UD Es Batu Kristal, PT Properti Kios Bersama""",
    ",",
)
HARD_NAMES = (
    "محمد عبد الرحمن",
    "陈伟强",
    "林美玲 (Lin Mei Ling)",
    "Kedai ☕ Si Mbah 🐘",
    "Sri Nur'aini Ma'ruf",
    "M. D'Angelo O'Brien",
    "José Ñuñez-Gómez",
    "PT A & B <Bersama>",
    'Haji "Ucok" Baba',
    "R",
    "Raden Mas Panji Surya Adiningrat Kusumowardhani Sastrowijoyo bin Haji Abdurrahman Wahid Al-Bantani",
)
REMARKS = (
    "Komisi barista {month}",
    "Biji kopi Gayo",
    "Sewa kios {month}",
    "",
    "Susu segar dan gula aren",
    "PO-{number}",
    "Listrik & air {month}",
    "Reimburse bensin",
    "Uang makan lembur",
    "Servis mesin espresso #{number}",
    "DP acara {month}",
    "Kasbon",
    "Iuran keamanan ruko",
    "Sponsor lomba latte art ☕",
)
FEES: dict[str, int] = {Kind.EWALLET: 1_000, Kind.VA: 5_000}
OPEN = (
    *((Status.PENDING_APPROVAL, minutes) for minutes in (9, 21, 34, 52, 75, 118, 160, 214, 290, 371, 455)),
    *((Status.PROCESSING, minutes) for minutes in (3, 6, 11, 17, 44, 96)),
    *((Status.SCHEDULED, minutes) for minutes in (26, 63, 141, 233, 412)),
)
"""What is still open at the end of a history: its state, and how many minutes before the end it was made."""
REFUSALS = ("Account not found", "The beneficiary's account is closed", "The beneficiary bank did not answer")
CANCELLATIONS = ("Wrong amount", "Entered twice", "The invoice was withdrawn")
API_KEYS = ("API · gudang", "API · payroll")
BANK_WEIGHTS = {
    "bca": 30,
    "mandiri": 20,
    "bri": 16,
    "bni": 11,
    "bsm": 6,
    "cimb": 4,
    "permata": 4,
    "artos": 3,
    "royal": 2,
}
BANK_WEIGHTS |= {"danamon": 1, "ocbc": 1, "jawa_timur": 1, "sulselbar": 1}
EWALLET_WEIGHTS = {"gopay": 5, "dana": 4, "ovo": 3, "shopeepay": 2, "linkaja": 1}
VA_WEIGHTS = {"bni": 3, "mandiri": 3, "bri": 2, "permata": 1, "cimb": 1}
DIGITS = {"bca": 10, "mandiri": 13, "bri": 15, "bni": 10, "permata": 10, "cimb": 13}
HOURS = (1, 0, 0, 0, 0, 1, 2, 4, 10, 16, 18, 14, 8, 14, 16, 14, 12, 8, 4, 3, 3, 2, 2, 1)  # of a working day
WEEKDAYS = (11, 10, 10, 10, 12, 5, 2)


def _spread(weights: dict[str, int]) -> tuple[str, ...]:
    return tuple(word for word, weight in weights.items() for _ in range(weight))


BANK_POOL, EWALLET_POOL, VA_POOL = _spread(BANK_WEIGHTS), _spread(EWALLET_WEIGHTS), _spread(VA_WEIGHTS)
HOUR_POOL = tuple(hour for hour, weight in enumerate(HOURS) for _ in range(weight))


# --- Rows ------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Payee:
    """Who gets money, and where."""

    name: str
    kind: str
    bank: str
    account_number: str


@dataclass(slots=True)
class Row:
    """A transfer with its timeline, as the temporary table `demo_row` holds it."""

    status: str
    destination_kind: str
    bank: str
    account_number: str
    beneficiary_name: str
    amount: int
    fee: int
    remark: str
    via: str
    maker_name: str
    created_at: datetime
    internal_reference: str = ""
    approved_by: str = ""
    bank_reference: str = ""
    approved_at: datetime | None = None
    approved_note: str = ""
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: str | None = None
    ended_by: str = ""
    ended_note: str = ""
    completed_at: datetime | None = None
    returned_at: datetime | None = None
    batch_name: str | None = None
    batch_at: datetime | None = None


COLUMNS = [field.name for field in fields(Row)]
values = attrgetter(*COLUMNS)


@dataclass
class Cast:
    """The names in a business of those who make and those who approve transfers."""

    makers: list[str]
    approvers: list[str]

    @classmethod
    def of(cls, business: Business) -> "Cast":
        """Read them from the business's people, or invent some for a business without."""
        members = business.members.active().select_related("user").order_by("pk")
        people = [(member.name, member.permissions) for member in members]
        return cls(
            [name for name, may in people if Permission.CREATE_TRANSACTIONS in may] or ["Ratna Sari Dewi"],
            [name for name, may in people if Permission.APPROVE_TRANSACTIONS in may] or ["Bayu Prakoso"],
        )


@dataclass
class Author:
    """Writes transfers as they stand at `until`, from one random stream."""

    random: Random
    cast: Cast
    until: datetime
    answers_after: float = 80  # seconds, give or take

    def pick(self, words: Sequence[T], skew: float = 1) -> T:
        """Choose one; the higher the skew, the more often an early one."""
        return words[int(self.random.random() ** skew * len(words))]

    def digits(self, count: int) -> str:
        """Make a number as text, often with zeros in front."""
        zeros = "0" * (self.random.random() < 0.3)
        return zeros + f"{int(self.random.random() * 10 ** (count - len(zeros))):0{count - len(zeros)}d}"

    def after(self, at: datetime, seconds: float) -> datetime:
        """Return a moment that is this long after another, give or take."""
        return at + timedelta(seconds=seconds * (0.3 + 1.4 * self.random.random()))

    def person(self) -> Payee:
        """Invent somebody with a bank account, an e-wallet or, rarely, a virtual account."""
        name = f"{self.pick(FIRST_NAMES, 2.5)} {self.pick(LAST_NAMES, 2.5)}"
        if self.random.random() < 0.004:
            name = self.pick(HARD_NAMES)
        choice = self.random.random()
        if choice < 0.22:
            return Payee(name, Kind.EWALLET, self.pick(EWALLET_POOL), "08" + self.digits(10))
        if choice < 0.27:
            return Payee(name, Kind.VA, self.pick(VA_POOL), "8808" + self.digits(12))
        bank = self.pick(BANK_POOL)
        return Payee(name, Kind.BANK, bank, self.digits(DIGITS.get(bank, 12)))

    def amount(self, least: int, most: int) -> int:
        """Choose an amount, small ones more often; two in five are round."""
        amount = least + int(self.random.random() ** 2 * (most - least))
        return max(50_000, amount // 50_000 * 50_000) if self.random.random() < 0.4 else amount

    def everyday(self, at: datetime) -> Row:
        """Write one of the many transfers that are not part of a batch."""
        choice = self.random.random()
        if choice < 0.24:
            order = self.digits(5)
            row = self.draft(at, self.person(), self.amount(12_000, 450_000), f"Refund order {order}", Via.API)
            row.internal_reference = f"order-{order}"
        elif choice < 0.44:
            payee, invoice = self.pick(suppliers(), 1.7), f"INV/{at:%Y}/{self.digits(6)}"
            row = self.draft(at, payee, self.amount(180_000, 38_000_000), invoice, Via.DASHBOARD)
        else:
            remark = "Zakat maal" if choice > 0.9998 else self.remark(at)
            via = Via.API if self.random.random() < 0.2 else Via.DASHBOARD
            row = self.draft(at, self.person(), self.amount(25_000, 6_000_000), remark, via)
        return self.live(row)

    def draft(self, at: datetime, payee: Payee, amount: int, remark: str, via: str, maker: str = "") -> Row:
        """Write a transfer that nobody has decided on yet."""
        return Row(
            status=Status.PENDING_APPROVAL,
            destination_kind=payee.kind,
            bank=payee.bank,
            account_number=payee.account_number,
            beneficiary_name=payee.name,
            amount=amount,
            fee=FEES.get(payee.kind, 2_500),
            remark=remark,
            via=via,
            maker_name=maker or self.pick(API_KEYS if via == Via.API else self.cast.makers),
            created_at=at,
        )

    def live(self, row: Row) -> Row:
        """Let a transfer live until it is final, or `until` comes."""
        approved_at = self.after(row.created_at, 1_500)
        if row.via == Via.API:
            self.send(row, row.created_at)
        elif self.random.random() < 0.05:
            self.cancel(row)
        elif approved_at < self.until:
            self.approve(row, approved_at)
            self.send(row, approved_at)
        return row

    def approve(self, row: Row, at: datetime) -> None:
        """Let a second person approve a transfer."""
        others = [name for name in self.cast.approvers if name != row.maker_name]
        row.approved_at, row.approved_by = at, self.pick(others or self.cast.approvers)

    def cancel(self, row: Row) -> None:
        """Take a transfer back before it was approved: its maker cancels it, or an approver rejects it."""
        ended_at = self.after(row.created_at, 2_400)
        if ended_at < self.until:
            row.status, row.ended_at, row.ended_as = Status.CANCELLED, ended_at, "cancelled"
            row.ended_by, row.ended_note = row.maker_name, self.pick(CANCELLATIONS)
            if self.random.random() < 0.4:
                row.ended_as, row.ended_by = "rejected", self.pick(self.cast.approvers)

    def send(self, row: Row, at: datetime) -> None:
        """Send a transfer to the bank, which answers in a minute or two; one in twenty fails."""
        row.status, sent_at = Status.PROCESSING, self.after(at, 2)
        if sent_at < self.until:
            row.sent_at, ended_at = sent_at, self.after(sent_at, self.answers_after)
            if ended_at < self.until:
                row.ended_at = ended_at
                self.answer(row, ended_at)

    def answer(self, row: Row, at: datetime) -> None:
        """Let the bank answer; a few transfers come back days later."""
        if self.random.random() < 0.05:
            row.status, row.ended_as, row.ended_note = Status.FAILED, "failed", self.pick(REFUSALS)
            return
        row.status, row.ended_as, row.completed_at = Status.SUCCESSFUL, "successful", at
        row.bank_reference = f"FT{at:%y%j}{self.digits(8)}"
        returned_at = self.after(at, 2 * 86_400)
        if self.random.random() < 0.004 and returned_at < self.until:
            row.returned_at = returned_at

    def open(self) -> Iterator[Row]:
        """Write what nobody has finished yet, in the last hours before `until`."""
        for status, minutes in OPEN:
            at = self.until - timedelta(minutes=minutes)
            row = self.draft(at, self.person(), self.amount(90_000, 9_000_000), self.remark(at), Via.DASHBOARD)
            row.status, approved_at = status, at + timedelta(minutes=minutes / 3)
            if status != Status.PENDING_APPROVAL:
                self.approve(row, approved_at)
            if status == Status.SCHEDULED:
                row.approved_note = "Scheduled for tomorrow, 09:00"
            if status == Status.PROCESSING:
                row.sent_at = approved_at + timedelta(seconds=2)
            yield row

    def remark(self, at: datetime) -> str:
        """Choose what an everyday transfer is for."""
        return self.pick(REMARKS, 1.6).format(month=f"{at:%b %Y}", number=self.digits(5))

    def batch(self, name: str, at: datetime, payees: Iterable[Payee], remark: str, most: int) -> Iterator[Row]:
        """Write the transfers of one file, a millisecond apart."""
        maker = self.pick(self.cast.makers)
        for number, payee in enumerate(payees, start=1):
            moment = at + timedelta(milliseconds=number)
            amount = self.amount(most // 5, most)
            row = self.live(self.draft(moment, payee, amount, remark, Via.DASHBOARD, maker))
            row.internal_reference = f"{name.split()[0].upper()[:3]}-{at:%Y%m}-{number:04d}"
            row.batch_name, row.batch_at = name, at
            yield row


@cache
def staff() -> tuple[Payee, ...]:
    """The people of the payroll, the same in every month and business, so that a leak shows."""
    author = Author(Random(SEED), Cast([""], [""]), datetime.max.replace(tzinfo=UTC))
    return tuple(author.person() for _ in range(120))


@cache
def suppliers() -> tuple[Payee, ...]:
    """The suppliers, each with one account."""
    author = Author(Random(SEED), Cast([""], [""]), datetime.max.replace(tzinfo=UTC))
    return tuple(replace(author.person(), name=name, kind=Kind.BANK, bank="bca") for name in SUPPLIERS)


# --- When ------------------------------------------------------------------------------------------------
def moments(random: Random, start: datetime, end: datetime, count: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Spread `count` moments over the days between, oldest day first, by the rhythm of a business."""
    first = start.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((end.astimezone(zone).date() - first).days + 1)]
    weights = [WEEKDAYS[day.weekday()] * (1.6 if day.day >= 25 else 1) for day in days]
    so_far, done, whole = 0.0, 0, sum(weights)
    for day, weight in zip(days, weights, strict=True):
        so_far += weight
        quota, done = round(count * so_far / whole) - done, round(count * so_far / whole)
        midnight = datetime.combine(day, time.min, tzinfo=zone)
        for _ in range(quota):
            hour = HOUR_POOL[int(random.random() * len(HOUR_POOL))]
            moment = midnight + timedelta(hours=hour, microseconds=int(random.random() * 3_600_000_000))
            while moment >= end:
                moment -= timedelta(days=1)
            yield moment


def paydays(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Return the 25th of each month at 10 o'clock, or the Friday before when that is a weekend."""
    day = start.astimezone(zone).date().replace(day=25)
    while (payday := _at_ten(day - timedelta(days=max(0, day.weekday() - 4)), zone)) < end:
        if payday > start:
            yield payday
        day += timedelta(days=calendar.monthrange(day.year, day.month)[1])


def _at_ten(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(10, 4, 31), tzinfo=zone)


def plan(history: History, business: Business) -> list[Row]:
    """Write the whole history, the newest first."""
    zone, start = ZoneInfo(business.time_zone), business.created_at
    end = start + HISTORY
    random = Random(f"{SEED}:{history.slug}:{history.mode}")
    author = Author(random, Cast.of(business), end)
    rows = [*author.open(), *_batches(history, author, start, end, zone)]
    when = Random(f"{SEED}:{history.slug}:{history.mode}:when")
    rows += [author.everyday(at) for at in moments(when, start, end, history.total - len(rows), zone)]
    rows.sort(key=lambda row: row.created_at, reverse=True)
    return rows


def _batches(history: History, author: Author, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Row]:
    for number, payday in enumerate(paydays(start, end, zone) if history.staff else ()):
        people = staff()[: history.staff * (number + 13) // 26]  # the business grows
        yield from author.batch(f"Payroll {payday:%B %Y}", payday, people, f"Payroll {payday:%b %Y}", 9_000_000)
        for week in (1, 2):
            run = payday - timedelta(days=14 * week - 4, hours=-week)
            some = suppliers()[: 3 + history.staff // 8]
            yield from author.batch(f"Supplier run {run:%d %b %Y}", run, some, f"Supplier {run:%d %b}", 24_000_000)


# --- Writing ---------------------------------------------------------------------------------------------
def write(history: History, *, newest: int | None = None, pause: float = 0) -> None:
    """Write what is missing of a history, or of its newest part, in short transactions with pauses."""
    business = Business.objects.get(slug=history.slug)
    if business.created_at + HISTORY > clock.now():
        raise CommandError(f"{business} was not made by the demo: it has no 13 months of history to fill.")
    rows = iter(plan(history, business)[:newest])
    while some := list(islice(rows, STEP)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SEED, business.pk])
            _load(cursor, some)
            cursor.execute(FORGET_KNOWN, [business.pk, history.mode])
            _pour(cursor, business, history.mode)
        clock_time.sleep(pause)


def fill(business: Business, *, rows: int) -> int:
    """Fill a business up to so many transfers in Live Mode; return how many were added."""
    with _alone(business):
        there = MoneyTransfer.objects.filter(business=business, mode=Mode.LIVE).count()
        missing, end = max(0, rows - there), clock.now()
        author = Author(Random(f"{SEED}:{there}"), Cast.of(business), end)
        when = moments(Random(there), end - HISTORY, end, missing, ZoneInfo(business.time_zone))
        for _ in range(0, missing, BULK_STEP):
            with transaction.atomic(), connection.cursor() as cursor:
                _load(cursor, (author.everyday(at) for at in islice(when, BULK_STEP)))
                _pour(cursor, business, Mode.LIVE)
    return missing


@contextmanager
def _alone(business: Business) -> Iterator[None]:
    """Let nobody else fill the same business meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [SEED + 1, business.pk])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SEED + 1, business.pk])


def _load(cursor: Any, rows: Iterable[Row]) -> None:
    cursor.execute(PREPARE)
    with cursor.copy(f"COPY demo_row ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(values(row))
    cursor.execute("ANALYZE demo_row")


def _pour(cursor: Any, business: Business, mode: str) -> None:
    cursor.execute(POUR_BATCHES, {"business": business.pk, "mode": mode})
    cursor.execute(POUR_TRANSFERS, {"business": business.pk, "mode": mode})
    cursor.execute(CHECK_KEYS)


PREPARE = """
CREATE TEMP TABLE IF NOT EXISTS demo_row (
    status text, destination_kind text, bank text, account_number text, beneficiary_name text, amount bigint,
    fee bigint, remark text, via text, maker_name text, created_at timestamptz, internal_reference text,
    approved_by text, bank_reference text, approved_at timestamptz, approved_note text, sent_at timestamptz,
    ended_at timestamptz, ended_as text, ended_by text, ended_note text, completed_at timestamptz,
    returned_at timestamptz, batch_name text, batch_at timestamptz
);
TRUNCATE demo_row
"""

FORGET_KNOWN = """
DELETE FROM demo_row USING transactions_moneytransfer AS known
WHERE known.business_id = %s AND known.mode = %s AND known.created_at = demo_row.created_at
"""

POUR_BATCHES = """
INSERT INTO transactions_transferbatch (business_id, mode, name, maker_name, created_at)
SELECT DISTINCT %(business)s, %(mode)s, batch_name, maker_name, batch_at FROM demo_row
WHERE batch_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM transactions_transferbatch AS known
    WHERE known.business_id = %(business)s AND known.mode = %(mode)s AND known.created_at = batch_at
)
"""

POUR_TRANSFERS = """
WITH made AS MATERIALIZED (
    SELECT next_transaction_id(demo_row.created_at) AS id, batch.id AS batch_id, demo_row.*
    FROM demo_row LEFT JOIN transactions_transferbatch AS batch
    ON batch.business_id = %(business)s AND batch.mode = %(mode)s AND batch.created_at = batch_at
    ORDER BY demo_row.created_at
), transfers AS (
    INSERT INTO transactions_moneytransfer (
        id, business_id, mode, status, destination_kind, bank, account_number, beneficiary_name, amount, fee,
        remark, internal_reference, batch_id, via, maker_name, approved_by, bank_reference, created_at,
        completed_at, returned_at
    )
    SELECT
        id, %(business)s, %(mode)s, status, destination_kind, bank, account_number, beneficiary_name, amount,
        fee, remark, internal_reference, batch_id, via, maker_name, approved_by, bank_reference, created_at,
        completed_at, returned_at
    FROM made
)
INSERT INTO transactions_transferevent (business_id, mode, transfer_id, kind, at, by, note)
SELECT %(business)s, %(mode)s, id, kind, at, by, note
FROM made, LATERAL (VALUES
    ('created', created_at, maker_name, ''),
    ('approved', approved_at, approved_by, approved_note),
    ('sent', sent_at, '', ''),
    (ended_as, ended_at, ended_by, ended_note),
    ('returned', returned_at, '', 'Account blocked at the beneficiary''s bank')
) AS event (kind, at, by, note)
WHERE at IS NOT NULL
"""

# Without statistics Postgres takes the small index of (business, mode, external_id) for the check of a foreign
# key, and so reads all transfers of the business for each line of a timeline. ANALYZE sees the rows of its own
# transaction; it needs MAINTAIN on the table, without which it only warns. Generic plans, because a business may
# be too small or too new for the statistics to know it.
CHECK_KEYS = """
ANALYZE transactions_moneytransfer (business_id, mode, created_at, status);
SET LOCAL plan_cache_mode = force_generic_plan;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED
"""
