"""The demo's living day, in Live Mode of Kopi Kita: files of transfers in every state in which people meet them, a
rejected transfer, and one that came back.

All of it is done by the functions by which people and workers do it, at the moment at which it is done. What an earlier
run has done is found again by its name.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet

from accounts import demo as people
from accounts.demo import KOPI_KITA
from accounts.models import Business, Member
from accounts.permissions import Role
from deposits import ledger
from flipdash import clock, rls
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.bulk import creating, services
from transactions.bulk.asking import NAMES
from transactions.bulk.services import BULK
from transactions.demo import abroad, deposit, refunds
from transactions.demo.author import Payee, staff, suppliers
from transactions.demo.plans import SEED
from transactions.destinations import label_of
from transactions.international.services import INTERNATIONAL
from transactions.models import (
    BulkDraft,
    BulkNames,
    MoneyTransfer,
    RailCase,
    RailOrder,
    SimulatedPayout,
    Status,
    TransferBatch,
)
from transactions.models.base import OutgoingTransfer
from transactions.models.series import Repeats
from transactions.outgoing import acts, cases, many
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.products import Product
from transactions.rails import Question, simulator
from transactions.refunds.services import REFUNDS as REFUNDED
from transactions.transfers.series import services as series
from transactions.transfers.series.dates import Plan
from transactions.transfers.services import MONEY_TRANSFERS, Draft, create

ENOUGH = 120_000_000
"""Rupiah that are available, so that whoever looks at the demo can approve something."""
TOP_UP_NUMBER = 1_000_000
"""Top-ups of the year count from 1 on; this is another one."""
HEADER = "Bank;Account Number;Beneficiary Name;Amount;Remark"
SHIFTS, SUPPLIERS, REFUNDS, COMMISSIONS = (
    *("Lembur akhir pekan", "Pemasok mingguan"),
    *("Refund pesanan", "Komisi reseller"),
)
"""The files: one waits for an approver, one is on its way, of one some have failed, and one has rows to repair."""
ERRANDS = ("Biji kopi Gayo", "Kasbon", "Susu segar", "Uang makan lembur", "Gula aren", "Reimburse bensin", "Roti")
WAITING = 5
"""Of these, the one that still waits for an approver."""
REJECTED, RETURNED = "rejected today", "returned today"


@dataclass(frozen=True)
class Written:
    """One row of a file, as somebody wrote it; rupiah."""

    bank: str
    account_number: str
    name: str
    amount: int | str
    remark: str

    @property
    def line(self) -> str:
        """The row as it stands in the file."""
        return ";".join((self.bank, self.account_number, self.name, str(self.amount), self.remark))


def is_written() -> bool:
    """Return whether the day is there, to what is done last."""
    business = Business.objects.get(slug=KOPI_KITA.slug)
    with rls.inside_of(business.pk, Mode.LIVE):
        return MoneyTransfer.objects.filter(made_key=_key(RETURNED), returned_at__isnull=False).exists()


def write() -> None:
    """Let Kopi Kita's day be as it is in the middle of the morning."""
    active = Member.objects.active().filter(business__slug=KOPI_KITA.slug).select_related("user", "business")
    members = {member.role: member for member in active}
    if not {Role.MAKER, Role.APPROVER} <= members.keys():
        return  # somebody has changed the demo's people
    maker, approver = (members[role].scope(Mode.LIVE) for role in (Role.MAKER, Role.APPROVER))
    with rls.inside(maker):
        _top_up(maker, members[Role.MAKER].business)
        for name, rows in ((SUPPLIERS, _suppliers(maker)), (REFUNDS, _refunds(maker))):
            batch = _create(maker, _upload(maker, name, rows))
            _approve(approver, MoneyTransfer.objects.visible_to(approver).filter(batch=batch))
            _let_pass(MoneyTransfer.objects.visible_to(approver).filter(batch=batch))
        _create(maker, _upload(maker, SHIFTS, _shifts(maker)))
        _upload(maker, COMMISSIONS, _commissions(maker))
        scopes = {role: member.scope(Mode.LIVE) for role, member in members.items()}
        _errands(scopes)
        _let_pass(refunds.write(scopes), REFUNDED)
        _let_pass(abroad.write(maker, approver), INTERNATIONAL)
        _repeat(maker)
        _reject_one(maker, approver)
        _return_one(maker, approver)


# --- What people do ----------------------------------------------------------------------------------------------


def _top_up(scope: Scope, business: Business) -> None:
    missing = ENOUGH - ledger.balance(scope).available
    if missing > 0:
        amount = -(-missing // deposit.ROUND) * deposit.ROUND
        deposit.top_up(deposit.treasurer(business, scope.mode), TOP_UP_NUMBER, amount, clock.now())


def _upload(scope: Scope, name: str, rows: Sequence[Written]) -> BulkDraft:
    """Upload a file, have it checked, and the banks asked."""
    draft = BulkDraft.objects.visible_to(scope).filter(file_name=f"{name}.csv").order_by("number").first()
    if draft is None:
        content = "\r\n".join([HEADER, *(row.line for row in rows)]).encode()
        draft = services.request_draft(scope, SimpleUploadedFile(f"{name}.csv", content))
    BULK.work(draft.pk)
    asking = BulkNames.objects.filter(draft=draft, status=BulkNames.Status.QUEUED)
    while work := asking.first():
        asking.update(due_at=None)
        if not NAMES.work(work.pk):
            break  # a worker has it
    draft.refresh_from_db()
    return draft


def _create(scope: Scope, draft: BulkDraft) -> TransferBatch | None:
    """Confirm a file, and have its transfers made."""
    if draft.status == BulkDraft.Status.REVIEW:
        seen = creating.look_at(scope, draft).digest
        services.confirm(scope, draft, seen=seen, sure=True, name_reason="Nama panggilan; sudah dicek dengan HRD")
    BULK.work(draft.pk)
    draft.refresh_from_db()
    return draft.batch


def _approve(scope: Scope, rows: QuerySet[MoneyTransfer]) -> None:
    """Approve what waits of some rows, together."""
    selection = many.Selection.of(MONEY_TRANSFERS, rows)
    if selection.ids:
        many.approve_many(scope, selection, seen=many.look_at(scope, selection).digest, sure=True)


def _let_pass(rows: Iterable[OutgoingTransfer], product: Product = MONEY_TRANSFERS) -> None:
    """Let rows be sent, and the simulated bank answer those that it answers."""
    keys = [product.key_of(row) for row in rows]
    for order in RailOrder.objects.filter(key__in=keys, status=RailOrder.Status.QUEUED):
        ORDERS.work(order.pk)
    payouts = SimulatedPayout.objects.filter(key__in=keys, status=SimulatedPayout.Status.TAKEN)
    payouts.update(due_at=None)
    for payout in payouts:
        simulator.SIMULATED.work(payout.pk)


def _errands(by_role: Mapping[str, Scope]) -> None:
    """Let this and that be paid: most arrives, one fails, one waits."""
    paid = (suppliers()[13], staff()[21], suppliers()[3], staff()[44], suppliers()[17], staff()[7], suppliers()[8])
    for number, payee in enumerate(paid):
        by = by_role.get((Role.EXECUTOR, Role.ADMIN, Role.MAKER)[number % 3], by_role[Role.MAKER])
        amount = 1_187_500 + number * 714_000 + (402 if number == 4 else 0)
        holder = payee.name.upper()
        draft = Draft(payee.kind, payee.bank, payee.account_number, amount, payee.name, holder, is_sure=True)
        transfer = create(by, replace(draft, remark=ERRANDS[number]), made_key=_key(f"errand {number}")).transfer
        if transfer.status == Status.PENDING_APPROVAL and number != WAITING:
            approver = by_role[Role.APPROVER]
            seen = MONEY_TRANSFERS.digest_of(approver, transfer)
            acts.approve(approver, MONEY_TRANSFERS, transfer.pk, seen=seen, sure=True)
        _let_pass(MoneyTransfer.objects.visible_to(by).filter(pk=transfer.pk))


def _repeat(maker: Scope) -> None:
    """Pay the rent each month, and the milk each week, from days on that are still to come."""
    today = maker.now().astimezone(maker.zone).date()
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    monday = today + timedelta(days=14 - today.weekday())
    for payee, amount, remark, plan in (
        (suppliers()[19], 8_500_000, "Sewa kios", Plan(Repeats.MONTH, month, month + timedelta(days=364))),
        (suppliers()[2], 1_350_000, "Susu segar", Plan(Repeats.WEEK, monday, monday + timedelta(days=90))),
    ):
        holder = payee.name.upper()
        draft = Draft(payee.kind, payee.bank, payee.account_number, amount, payee.name, holder, is_sure=True)
        series.make(maker, replace(draft, remark=remark), plan, made_key=_key(remark))


def _reject_one(maker: Scope, approver: Scope) -> None:
    name, account = _holder(maker, "4410028173")
    draft = Draft("bank", "bca", account, 14_750_000, name, name.upper(), remark="DP sewa tenda", is_sure=True)
    transfer = create(maker, draft, made_key=_key(REJECTED)).transfer
    if transfer.status == Status.PENDING_APPROVAL:
        acts.reject(approver, MONEY_TRANSFERS, transfer.pk, note="Invoice belum ada. Kirim ulang dengan lampirannya.")


def _return_one(maker: Scope, approver: Scope) -> None:
    name, account = _holder(maker, f"217004{simulator.RETURNS}")
    draft = Draft("bank", "bca", account, 3_200_000, name, name.upper(), remark="Servis AC", is_sure=True)
    transfer = create(maker, draft, made_key=_key(RETURNED)).transfer
    if transfer.status == Status.PENDING_APPROVAL:
        seen = MONEY_TRANSFERS.digest_of(approver, transfer)
        acts.approve(approver, MONEY_TRANSFERS, transfer.pk, seen=seen, sure=True)
    _let_pass(MoneyTransfer.objects.visible_to(approver).filter(pk=transfer.pk))
    open_ones = RailCase.objects.filter(order__key=MONEY_TRANSFERS.key_of(transfer), status=RailCase.Status.OPEN)
    for case in open_ones.select_related("order", "business"):
        cases.credit(case, by=people.operator())


def _key(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"flipdash demo {SEED} {name}")


# --- What stands in their files ----------------------------------------------------------------------------------


def _suppliers(scope: Scope) -> list[Written]:
    """Eleven whose money arrives, and seven whose bank doesn't say so yet."""
    known = [_written(payee, 640_000 + 37_500 * number, "Pemasok") for number, payee in enumerate(suppliers()[:11])]
    slow = (_holder(scope, f"{302_118 + 4_327 * number}{simulator.SILENT}") for number in range(7))
    late = [Written("BCA", account, name, 480_000 + 61_000 * n, "Pemasok") for n, (name, account) in enumerate(slow)]
    return [*known, *late]


def _refunds(scope: Scope) -> list[Written]:
    """Thirteen that arrive, and three that the bank refuses."""
    ending = {3: 901, 8: 902, 12: 904}
    return [
        _written(payee, 86_000 + 11_000 * number + ending.get(number, 0), f"Refund {7_310 + number}")
        for number, payee in enumerate(staff()[60:76])
    ]


def _shifts(scope: Scope) -> list[Written]:
    """Some of the staff; one under another name, and one that was paid the very same lately."""
    rows = [_written(payee, 150_000 + 12_500 * number, "Lembur") for number, payee in enumerate(staff()[:22])]
    rows[4] = replace(rows[4], name=f"Mbak {rows[4].name.split()[0]}")
    alone = MoneyTransfer.objects.visible_to(scope).filter(destination_kind="bank", batch=None)
    if again := alone.filter(status=Status.SUCCESSFUL).order_by("-created_at").first():
        label = label_of(again.destination_kind, again.bank)
        rows.append(Written(label, again.account_number, again.beneficiary_name, again.amount, "Lembur"))
    return rows


def _commissions(scope: Scope) -> list[Written]:
    """Twelve that can be paid as they are, and three that somebody has to repair."""
    rows = [_written(payee, 275_000 + 25_000 * number, "Komisi") for number, payee in enumerate(staff()[80:95])]
    rows[2] = replace(rows[2], bank="BCA Syaria")
    rows[6] = replace(rows[6], bank="BNI", account_number="04417")
    rows[11] = replace(rows[11], amount="lima ratus ribu")
    return rows


def _written(payee: Payee, amount: int, remark: str) -> Written:
    return Written(label_of(payee.kind, payee.bank), payee.account_number, payee.name, amount, remark)


def _holder(scope: Scope, account: str) -> tuple[str, str]:
    """Return who has an account at BCA, and the account."""
    name = simulator.RAIL.inquire(Question(scope.business.pk, scope.mode, "bca", account)).name
    return name.title(), account
