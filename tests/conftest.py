"""The small cast of the tests, and how committed rows are cleaned up."""

import logging
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from django.test import Client
from pytest_django.plugin import blocking_manager_key
from xdist import get_xdist_worker_id, is_xdist_controller, is_xdist_worker

from accounts.models import Business, Member
from accounts.permissions import Role
from flipdash import events
from flipdash.hashers import Argon2
from flipdash.leases import Worker
from flipdash.leases_of_many import ManyWorker
from flipdash.scope import Scope
from tests import databases, factories, leaks
from tests.superuser import connect

# A busy machine is no fault of what is tested.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    """Make the database that the workers of pytest-xdist copy; meanwhile they collect the tests."""
    if not is_xdist_controller(session):
        return (yield)
    with session.config.stash[blocking_manager_key].unblock(), databases.made():
        return (yield)


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker) -> Iterator[None]:
    """Work on one test database, or on this worker's copy of it."""
    database = databases.copied(get_xdist_worker_id(request)) if is_xdist_worker(request) else databases.made()
    with django_db_blocker.unblock(), database, django_db_blocker.block():
        yield


@pytest.fixture
def kopi_kita(db) -> Business:
    return factories.make_business("Kopi Kita", npwp="0123456789012345", legal_name="PT Kopi Kita Nusantara")


@pytest.fixture
def toko_sebelah(db) -> Business:
    return factories.make_business("Toko Sebelah", time_zone=Business.TimeZone.WITA)


@pytest.fixture
def people(kopi_kita) -> dict[str, Member]:
    """One member of Kopi Kita for each role."""
    return {role: factories.make_member(kopi_kita, role) for role in Role}


@pytest.fixture
def admin(kopi_kita) -> Member:
    return factories.make_member(kopi_kita, Role.ADMIN, name="Rina Admin")


@pytest.fixture
def customer_service(kopi_kita) -> Member:
    return factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)


@pytest.fixture
def stranger(toko_sebelah) -> Member:
    """The Admin of another business."""
    return factories.make_member(toko_sebelah, Role.ADMIN, name="Stranger")


@pytest.fixture
def scope(admin) -> Scope:
    """The Admin of Kopi Kita in Live Mode."""
    return admin.scope("live")


@pytest.fixture
def client_of() -> Callable[[Member], Client]:
    """Return a signed-in browser of a member."""

    def sign_in(member: Member) -> Client:
        client = Client()
        client.force_login(member.user)
        return client

    return sign_in


@pytest.fixture
def web(client_of, admin) -> Client:
    """The Admin's browser."""
    return client_of(admin)


@pytest.fixture
def files(settings, tmp_path) -> Path:
    """A folder of its own for what the test stores."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }
    return tmp_path


@pytest.fixture(autouse=True)
def patient_counts(settings) -> None:
    """A busy machine must not change what a page says."""
    settings.HISTORY_COUNT_TIMEOUT_MS = settings.HISTORY_LATE_COUNT_TIMEOUT_MS


@pytest.fixture(scope="session", autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Read all that is written to logs in the whole run, and what is left in Valkey, for secrets (tests/leaks.py)."""
    root = logging.getLogger()
    [console] = [handler for handler in root.handlers if handler.name == "console"]
    assert console.formatter
    watched = leaks.Watched(console.formatter)
    root.addHandler(watched)
    yield
    root.removeHandler(watched)
    assert watched.leaks == []
    assert not any(leaks.LOOKS.search(text) for text in leaks.valkey())


DEAR = {name: getattr(Argon2, name) for name in ("memory_cost", "time_cost")}


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash passwords at the lowest cost that there is: a real hash takes longer than many a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Argon2, "memory_cost", 8)  # KiB
        patch.setattr(Argon2, "time_cost", 1)
        yield


@pytest.fixture
def dear_passwords(monkeypatch) -> None:
    """Hash passwords at the cost that they have in production."""
    for name, cost in DEAR.items():
        monkeypatch.setattr(Argon2, name, cost)


@pytest.fixture(autouse=True)
def private_workplace(settings, tmp_path_factory) -> None:
    """Where reports are made: not the checkout's own, in which a running worker may be at work."""
    settings.REPORT_WORKPLACE = tmp_path_factory.getbasetemp() / "workplace"


@pytest.fixture(autouse=True)
def woken_by_itself(monkeypatch) -> None:
    """Who was woken in other tests, before this one or beside it, is none that this one's workers count on."""
    key = uuid.uuid4().hex
    monkeypatch.setattr(ManyWorker, "_woken", property(lambda worker: f"woken/{key}/{worker.name}"))


@pytest.fixture
def asleep(monkeypatch) -> None:
    """Nobody hears that work waits: the test is the worker."""
    monkeypatch.setattr(Worker, "wake", lambda worker: None)


@pytest.fixture
def told(monkeypatch) -> list[events.Event]:
    """The events that are told during the test."""
    heard: list[events.Event] = []
    monkeypatch.setattr(events, "_handlers", [*events._handlers, heard.append])
    return heard


KEPT = {
    "database_code",
    "django_migrations",
    "django_content_type",
    "transaction_number_key",
    "transactions_corridor",
    "transactions_destination",
    "deposits_bankaccount",
}


@pytest.fixture(scope="session")
def cleaner(django_db_setup) -> Iterator[psycopg.Connection]:
    """A superuser's connection, on which no trigger works: nobody else may delete everything (traps.md)."""
    with connect("FLIPDASH_SUPERUSER_URL") as superuser:
        superuser.autocommit = True
        superuser.execute("SET session_replication_role = replica")
        yield superuser


@pytest.fixture(autouse=True)
def clean_up_after_commits(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the tables after a test that commits."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction"))
    if commits or "live_server" in request.fixturenames:
        cleaner = request.getfixturevalue("cleaner")
        yield
        databases.empty(cleaner, but=KEPT)
    else:
        yield
