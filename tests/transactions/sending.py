"""Transfers in tests: money to send, drafts, and time that passes at the rail."""

import uuid
from typing import Any

from accounts.models import Member
from deposits import ledger
from deposits.ledger import LedgerOwner, Source
from flipdash import rls
from flipdash.scope import Scope
from tests import factories
from tests.factories import _counter
from tests.superuser import superuser
from transactions.models import MoneyTransfer, SimulatedPayout
from transactions.outgoing import acts
from transactions.outgoing.orders import ORDERS
from transactions.rails import simulator
from transactions.transfers import services
from transactions.transfers.services import MONEY_TRANSFERS, Draft

ACCOUNT = "0012345678"


def fund(business: Any, amount: int = 10_000_000, mode: str = "live") -> None:
    """Give a business money to send, as what a bank returned: no top-up is needed for that."""
    with rls.inside_of(business.pk, mode):
        ledger.give_back(LedgerOwner(business, mode), Source("case", next(_counter)), amount=amount, rail="bca")


def held(business: Any, **fields: Any) -> MoneyTransfer:
    """A transfer on its way, its money held, without the steps before."""
    fund(business)
    row = factories.make_transfer(business, status="processing", **fields)
    with rls.inside_of(business.pk, row.mode):
        source = Source(MONEY_TRANSFERS.source, row.pk)
        ledger.hold(LedgerOwner(business, row.mode), source, amount=row.amount + row.fee)
    return row


def draft(**fields: Any) -> Draft:
    values = {"kind": "bank", "bank": "bca", "account_number": ACCOUNT, "amount": 85_000, "beneficiary_name": "Siti"}
    return Draft(**{**values, "is_sure": True, **fields})


def create(who: Member | Scope, **fields: Any) -> MoneyTransfer:
    """Make a transfer, by a form of its own."""
    scope = who if isinstance(who, Scope) else who.scope("live")
    with rls.inside(scope):
        return services.create(scope, draft(**fields), made_key=uuid.uuid4()).transfer


def approve(who: Member | Scope, transfer: MoneyTransfer, **how: Any) -> MoneyTransfer:
    """Approve a transfer as it is."""
    scope = who if isinstance(who, Scope) else who.scope("live")
    with rls.inside(scope):
        seen = MONEY_TRANSFERS.digest_of(scope, MoneyTransfer.objects.get(pk=transfer.pk))
        return acts.approve(scope, MONEY_TRANSFERS, transfer.pk, **{"seen": seen, "sure": True, **how})


def let_its_date_come(*transfers: MoneyTransfer) -> None:
    """Let the date of approved transfers be now; what is fixed only a superuser can move (transactions/sql)."""
    with superuser() as connected:
        table = MoneyTransfer._meta.db_table
        pks = [transfer.pk for transfer in transfers]
        moved = connected.execute(f"UPDATE {table} SET send_at = now() WHERE id = ANY(%s)", [pks])
        assert moved.rowcount == len(pks)


def send() -> None:
    """Let the orders that are due be sent, or asked for."""
    while ORDERS.work():
        pass


def answer() -> None:
    """Let the simulated rail answer all that it was told."""
    SimulatedPayout.objects.update(due_at=None)
    while simulator.SIMULATED.work():
        pass


def let_it_arrive() -> None:
    send()
    answer()


def told(transfer: MoneyTransfer) -> int:
    """Return how often the rail was told to send a transfer."""
    row = SimulatedPayout.objects.filter(key=MONEY_TRANSFERS.key_of(transfer)).first()
    return row.told if row else 0


def lines(transfer: MoneyTransfer) -> list[str]:
    return list(transfer.events.order_by("at", "id").values_list("kind", flat=True))
