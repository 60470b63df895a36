"""Who pays whom, and what becomes of it: transfers as they stand at some moment, from one random stream."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from random import Random
from typing import TypeVar

from accounts.models import Business, SecondPersonRule
from accounts.permissions import Permission
from flipdash.actors import Actor
from transactions.demo.plans import SEED
from transactions.demo.pouring import Row
from transactions.demo.words import FIRST_NAMES, HARD_NAMES, LAST_NAMES, REMARKS, SUPPLIERS
from transactions.destinations import Kind
from transactions.fees import FEES
from transactions.models import Status, Via
from transactions.reasons import Reason

T = TypeVar("T")

OPEN = (
    *((Status.PENDING_APPROVAL, minutes) for minutes in (9, 21, 34, 52, 75, 118, 160, 214, 290, 371, 455)),
    *((Status.PROCESSING, minutes) for minutes in (3, 6, 11, 17, 44, 96)),
    *((Status.SCHEDULED, minutes) for minutes in (26, 63, 141, 233, 412)),
)
"""What is still open at the end of a history: its state, and how many minutes before the end it was made."""
REFUSALS = (
    *(Reason.ACCOUNT_NOT_FOUND, Reason.ACCOUNT_CLOSED, Reason.BANK_UNAVAILABLE, Reason.ACCOUNT_BLOCKED),
    Reason.LIMIT_EXCEEDED,
)
CANCELLATIONS = (Reason.WRONG_AMOUNT, Reason.ENTERED_TWICE, Reason.WITHDRAWN)
"""Both with the commonest first."""
Programs = Callable[[Business, str], Sequence[Actor]]
_programs: list[Programs] = []
UNKNOWN_PROGRAM = Actor.named("API · gudang")
"""Who makes transfers by API where nobody has made keys."""
NO_RULE = SecondPersonRule(required=False, rupiah=0)
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


def programs_by(find: Programs) -> Programs:
    """Register what finds the keys of a demo business in a mode that make transfers: they are an upper app's."""
    if find not in _programs:
        _programs.append(find)
    return find


def _spread(weights: dict[str, int]) -> tuple[str, ...]:
    return tuple(word for word, weight in weights.items() for _ in range(weight))


BANK_POOL, EWALLET_POOL, VA_POOL = _spread(BANK_WEIGHTS), _spread(EWALLET_WEIGHTS), _spread(VA_WEIGHTS)


@dataclass(slots=True)
class Payee:
    """Who gets money, and where."""

    name: str
    kind: str
    bank: str
    account_number: str


@dataclass
class Cast:
    """Who in a business makes transfers, and who approves them."""

    makers: list[Actor]
    approvers: list[Actor]
    """Whoever may least besides comes first, and makes and approves most."""
    rule: SecondPersonRule = NO_RULE
    """Whether somebody else must approve what one has made."""
    programs: Sequence[Actor] = (UNKNOWN_PROGRAM,)
    """The keys by which its programs make transfers."""

    @classmethod
    def of(cls, business: Business, mode: str) -> "Cast":
        """Read them from the business's people and keys, or invent some for a business without."""
        members = business.members.active().select_related("user").order_by("pk")
        people = sorted(members, key=lambda member: len(member.permissions))
        make, approve = Permission.CREATE_TRANSACTIONS, Permission.APPROVE_TRANSACTIONS
        return cls(
            [who.actor for who in people if make in who.permissions] or [Actor.named("Ratna Sari Dewi")],
            [who.actor for who in people if approve in who.permissions] or [Actor.named("Bayu Prakoso")],
            business.second_person_rule(),
            [key for find in _programs for key in find(business, mode)] or [UNKNOWN_PROGRAM],
        )

    def lets_go(self, maker: Actor, amount: int) -> bool:
        """Return whether what somebody makes needs nobody else: they, or a program, may approve what they make."""
        return (maker in self.approvers or maker in self.programs) and not self.rule.holds_for(amount)


@dataclass
class Author:
    """Writes transfers as they stand at `until`, from one random stream."""

    random: Random
    cast: Cast
    until: datetime
    answers_after: float = 80  # seconds, give or take
    zone: tzinfo = UTC
    """Of the business, whose days are meant by dates."""
    decides_after: float = 1_500  # seconds, give or take

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

    def draft(self, at: datetime, payee: Payee, amount: int, remark: str, via: str, maker: Actor | None = None) -> Row:
        """Write a transfer that nobody has decided on yet."""
        return Row(
            status=Status.PENDING_APPROVAL,
            destination_kind=payee.kind,
            bank=payee.bank,
            account_number=payee.account_number,
            beneficiary_name=payee.name,
            amount=amount,
            fee=FEES[payee.kind],
            remark=remark,
            via=via,
            maker=maker or (self.pick(self.cast.programs) if via == Via.API else self.pick(self.cast.makers, 1.8)),
            created_at=at,
        )

    def live(self, row: Row) -> Row:
        """Let a transfer live until it is final, or `until` comes."""
        approved_at = self.after(row.created_at, self.decides_after)
        if self.cast.lets_go(row.maker, row.amount):
            row.approved_at, row.approver = row.created_at + timedelta(milliseconds=12), row.maker
            self.send(row, row.approved_at)
        elif self.random.random() < 0.08:
            self.cancel(row)
        elif approved_at < self.until:
            self.approve(row, approved_at)
            self.send(row, approved_at)
        return row

    def approve(self, row: Row, at: datetime) -> None:
        """Let a second person approve a transfer."""
        others = [who for who in self.cast.approvers if who != row.maker]
        row.approved_at, row.approver = at, self.pick(others or self.cast.approvers, 1.5)

    def cancel(self, row: Row) -> None:
        """Take a transfer back before it was approved: its maker cancels it, or an approver rejects it."""
        ended_at = self.after(row.created_at, 2_400)
        if ended_at < self.until:
            row.status, row.ended_at, row.ended_as = Status.CANCELLED, ended_at, "cancelled"
            row.ended_by, row.reason = row.maker, self.pick(CANCELLATIONS)
            if self.random.random() < 0.4:
                row.ended_as, row.ended_by = "rejected", self.pick(self.cast.approvers, 1.5)

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
            row.status, row.ended_as, row.reason = Status.FAILED, "failed", self.pick(REFUSALS, 1.6)
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
                row.send_on = self.until.astimezone(self.zone).date() + timedelta(days=1)
            if status == Status.PROCESSING:
                row.sent_at = approved_at + timedelta(seconds=2)
            yield row

    def remark(self, at: datetime) -> str:
        """Choose what an everyday transfer is for."""
        return self.pick(REMARKS, 1.6).format(month=f"{at:%b %Y}", number=self.digits(5))

    def batch(self, name: str, at: datetime, payees: Iterable[Payee], remark: str, most: int) -> Iterator[Row]:
        """Write the transfers of one file, a millisecond apart; one approver lets all of them go together."""
        maker, approved_at = self.pick(self.cast.makers, 1.8), self.after(at, 1_500)
        approver = self.pick([who for who in self.cast.approvers if who != maker] or self.cast.approvers, 1.5)
        for number, payee in enumerate(payees, start=1):
            moment = at + timedelta(milliseconds=number)
            amount = self.amount(most // 5, most)
            row = self.draft(moment, payee, amount, remark, Via.DASHBOARD, maker)
            row.internal_reference = f"{name.split()[0].upper()[:3]}-{at:%Y%m}-{number:04d}"
            row.batch_name, row.batch_at = name, at
            if approved_at < self.until:
                row.approved_at, row.approver = approved_at, approver
                self.send(row, approved_at)
            yield row


@cache
def staff() -> tuple[Payee, ...]:
    """The people of the payroll, the same in every month and business, so that a leak shows."""
    author = Author(Random(SEED), Cast([], []), datetime.max.replace(tzinfo=UTC))
    return tuple(author.person() for _ in range(120))


@cache
def suppliers() -> tuple[Payee, ...]:
    """The suppliers, each with one account."""
    author = Author(Random(SEED), Cast([], []), datetime.max.replace(tzinfo=UTC))
    number = author.digits
    return tuple(Payee(name, Kind.BANK, "bca", number(DIGITS["bca"])) for name in SUPPLIERS)
