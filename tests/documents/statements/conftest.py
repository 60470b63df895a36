"""What the tests of statements share: a deposit that moved in March, and what makes a file of it."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from accounts.models import Business
from deposits import ledger
from deposits.ledger import Source
from documents.models import Statement
from documents.statements import services
from flipdash import rls
from flipdash.scope import Scope
from tests import factories

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
NPWP = "0921345678017000"


def at(written: str) -> datetime:
    return datetime.fromisoformat(written)


@pytest.fixture(autouse=True)
def quiet(files, asleep) -> Path:
    """The tests are the worker; files go to a folder of their own."""
    return files


@pytest.fixture
def old(kopi_kita) -> Business:
    """Kopi Kita, which joined in January."""
    Business.objects.filter(pk=kopi_kita.pk).update(created_at=at("2026-01-10T00:00+07:00"), npwp=NPWP)
    kopi_kita.refresh_from_db()
    return kopi_kita


@pytest.fixture
def scope(old, admin) -> Scope:
    """The Admin in Live Mode, in the business as it is now."""
    admin.business = old
    return admin.scope("live")


def fund(scope: Scope, amount: int, moment: str, number: int = 900) -> None:
    """Let money come in at a moment."""
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", number), amount=amount, bank="bca", effective_at=at(moment))


def hold(scope: Scope, moment: str, amount: int = 100_000, fee: int = 2_500, **fields) -> int:
    """Let a transfer be approved at a moment; return its id."""
    row = factories.make_transfer(
        scope.business, mode=scope.mode, amount=amount, fee=fee, created_at=at(moment), **fields
    )
    with rls.inside(scope):
        ledger.hold(scope, Source("money_transfer", row.pk), amount=amount + fee, effective_at=at(moment))
    return row.pk


@pytest.fixture
def moved(scope) -> dict[str, int]:
    """February's last, four entries of March, of which the last is in its last second, and April's first."""
    fund(scope, 1_000_417, "2026-02-28T23:59:59+07:00")
    first = hold(scope, "2026-03-01T00:00+07:00", beneficiary_name="Sri Wahyuni", remark="Gaji Maret")
    failed = hold(scope, "2026-03-10T09:30+07:00", amount=50_000, beneficiary_name="Budi")
    with rls.inside(scope):
        ledger.release(
            scope, Source("money_transfer", failed), amount=52_500, effective_at=at("2026-03-11T08:00+07:00")
        )
    last = hold(scope, "2026-03-31T23:59:59+07:00", amount=10_000, beneficiary_name="Tari")
    april = hold(scope, "2026-04-01T00:00+07:00", amount=20_000)
    return {"first": first, "failed": failed, "last": last, "april": april}


def ask(scope: Scope, format: str = "csv", days=MARCH, separator: str = ",") -> Statement:
    """Ask for a statement, which then waits for a worker."""
    with rls.inside(scope):
        return services.request_statement(scope, first=days[0], last=days[1], format=format, separator=separator)


@pytest.fixture
def make(scope) -> Callable[..., Statement]:
    """Return what asks for a statement, by default of March, and makes it."""

    def one(format: str = "csv", by: Scope = scope, days=MARCH, separator: str = ",") -> Statement:
        asked = ask(by, format, days, separator)
        services.STATEMENTS.work(asked.pk)
        return again(asked)

    return one


def again(statement: Statement) -> Statement:
    """Return a statement as it is now, whoever asks."""
    return Statement.objects.using("operator").select_related("business", "member__user").get(pk=statement.pk)


def content_of(statement: Statement) -> bytes:
    assert statement.status == "ready", statement.problem
    with default_storage.open(statement.stored_as) as file:
        return file.read()
