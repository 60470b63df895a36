"""Workers killed with -9 at random moments while many transfers are sent and answered (trust: L8, Z1, §4).

None is lost, none is sent twice, and all are final within a minute of the last kill. SENT_UNDER_KILLS=2000 tells more.
"""

import os
import sys
import threading
import time
from itertools import count
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Count

from accounts.permissions import Role
from deposits import ledger
from deposits.models import Posting
from devtools.local.processes import Child, start, stop
from flipdash import rls
from flipdash.celery import app
from tests import factories
from tests.transactions.sending import fund
from tests.workers import ALONE, DATABASES, on_test_database
from transactions.models import MoneyTransfer, RailCase, RailOrder, SimulatedPayout, TransferEvent
from transactions.outgoing import many
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])

TRANSFERS = int(os.environ.get("SENT_UNDER_KILLS", "80"))
KILLS = 2 if TRANSFERS < 1_000 else 20
WORKERS = 2
LEASE = 2  # seconds
WITHIN = 60  # seconds after the last kill
BANKS = ("bca", "bni", "bri", "mandiri", "permata")
WHOLE = 87_500


class Workers:
    """Workers in processes of their own, each of one process."""

    def __init__(self, folder) -> None:
        self.folder, self.number = folder, count()
        self.environment = {
            **{name: on_test_database(os.environ[name]) for name in DATABASES},
            "FLIPDASH_DATA": str(folder),
            "LEASE_SECONDS": str(LEASE),
        }
        self.children: list[Child] = [self.start() for _worker in range(WORKERS)]

    def start(self) -> Child:
        name = f"killed{next(self.number)}-{os.getpid()}@localhost"
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "flipdash",
            "worker",
            "-P",
            "solo",
            "-Q",
            "default",
            "-n",
            name,
        ]
        log = self.folder / f"{name}.log"
        return start("worker", [*command, *ALONE], log=log, environment=self.environment)

    def kill(self, place: int) -> None:
        """Kill one with -9, and start another in its place."""
        self.children[place].kill_group()
        self.children[place].process.wait()
        self.children[place] = self.start()


@pytest.fixture
def workers(tmp_path):
    made = Workers(tmp_path)
    yield made
    stop(*made.children)


@pytest.fixture
def beat():
    """Let the sweep come, as beat does."""
    is_over = threading.Event()

    def tick():
        while not is_over.wait(1):
            app.send_task("flipdash.tasks.sweep", expires=2)

    thread = threading.Thread(target=tick)
    thread.start()
    yield
    is_over.set()
    thread.join()


MAKE = """
    INSERT INTO transactions_moneytransfer (business_id, mode, status, destination_kind, bank, account_number,
        beneficiary_name, amount, fee, remark, internal_reference, via, maker_kind, maker_id, maker_name,
        approver_kind, approver_name, bank_reference)
    SELECT %s, 'live', 'pending_approval', 'bank', (%s::text[])[1 + n %% 5],
        -- one in four hundred is taken and its answer lost, after which its bank is left alone; one in forty fails
        '00' || (100000 + n) || CASE WHEN n %% 400 = 7 THEN '9007' WHEN n %% 40 = 3 THEN '9003' ELSE '1234' END,
        'Siti', 85000, 2500, '', '', 'dashboard', 'named', NULL, 'Someone', '', '', ''
    FROM generate_series(1, %s) n
"""


def test_killed_workers_lose_nothing_and_send_nothing_twice(kopi_kita, workers, beat, monkeypatch):
    fund(kopi_kita, TRANSFERS * WHOLE)
    with connection.cursor() as cursor:
        cursor.execute(MAKE, [kopi_kita.pk, list(BANKS), TRANSFERS])
    scope = factories.make_member(kopi_kita, Role.APPROVER).scope("live")
    monkeypatch.setattr(many, "AT_ONCE", TRANSFERS)
    with rls.inside(scope):
        chosen = many.Selection.of(MONEY_TRANSFERS, MoneyTransfer.objects.visible_to(scope))
        many.approve_many(scope, chosen, seen=many.look_at(scope, chosen).digest)

    dice = Random(TRANSFERS)
    finals = MoneyTransfer.objects.filter(status__in=["successful", "failed"])

    def done() -> int:
        """Return how much was sent and answered."""
        return SimulatedPayout.objects.count() + finals.count()

    for kill in range(KILLS):
        before, ends = done(), time.monotonic() + 30
        while done() == before < 2 * TRANSFERS and time.monotonic() < ends:
            time.sleep(0.05)  # so that each kill meets one that is at work
        time.sleep(dice.random())
        workers.kill(kill % WORKERS)
    killed_at = time.monotonic()
    while finals.count() < TRANSFERS and time.monotonic() < killed_at + WITHIN:
        time.sleep(0.2)
    took = time.monotonic() - killed_at
    left = MoneyTransfer.objects.exclude(pk__in=finals.values("pk")).count()
    print(f"{TRANSFERS} sent under {KILLS} kills: all final {took:.1f} s after the last, {left} left")
    assert left == 0, f"after {WITHIN} s"

    payouts = SimulatedPayout.objects.all()
    assert payouts.count() == TRANSFERS, "each is known to the rail"
    assert not payouts.exclude(told=1).exists(), "and was sent once"
    failed = {n for n in range(1, TRANSFERS + 1) if n % 40 == 3}
    statuses = dict(MoneyTransfer.objects.values_list("status").annotate(n=Count("pk")))
    assert statuses == {"successful": TRANSFERS - len(failed), "failed": len(failed)}
    ends = Posting.objects.using("operator").filter(kind__in=["capture", "release"]).values("kind")
    assert {one["kind"]: one["n"] for one in ends.annotate(n=Count("pk"))} == {
        "capture": TRANSFERS - len(failed),
        "release": len(failed),
    }
    with rls.inside(scope):
        assert ledger.balance(scope) == ledger.Balance(len(failed) * WHOLE, 0)
    lines = dict(TransferEvent.objects.values_list("kind").annotate(n=Count("pk")))
    assert lines == {"approved": TRANSFERS, "sent": TRANSFERS, **statuses}
    assert not RailCase.objects.exists()
    assert set(RailOrder.objects.values_list("status", flat=True)) == {"done"}
    call_command("check_ledger")
