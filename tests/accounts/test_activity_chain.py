"""The Activity Log can't be changed, and if it is, `check_activity` finds it (trust: I2)."""

import io
from threading import Barrier, Thread

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from accounts.activity import chain
from accounts.activity import recording as activity
from accounts.models import Activity, ActivityHead
from flipdash import events
from tests.superuser import connect, superuser

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ("accounts_activity", "accounts_activityhead")


@pytest.fixture
def log(admin, stranger) -> list[int]:
    """Five sealed events of Kopi Kita, one of its Test Mode, two of a stranger; returns Kopi Kita's ids."""
    for number in range(5):
        events.record(admin.scope("live"), "report.made", file=f"{number}.xls")
    events.record(admin.scope("test"), "report.made", file="test.xls")
    for _ in range(2):
        events.record(stranger.scope("live"), "report.made", file="foreign.xls")
    assert activity.seal() == 8
    return list(Activity.objects.visible_to(admin.scope("live")).order_by("id").values_list("id", flat=True))


def test_each_business_and_mode_has_a_chain_of_its_own(log):
    assert [(head.mode, head.seq) for head in ActivityHead.objects.order_by("business_id", "mode")] == [
        ("live", 5),
        ("test", 1),
        ("live", 2),
    ]
    assert chain.check() == []


def test_sealing_again_does_nothing(log):
    before = list(Activity.objects.order_by("id").values())
    assert activity.seal() == 0
    assert list(Activity.objects.order_by("id").values()) == before


def test_what_commits_late_goes_behind(admin, log):
    """An id that was taken early and committed late breaks nothing."""
    early = log[0] - 1 if log[0] > 1 else 10_000_000
    values = {"mode": "live", "kind": "x", "area": "x", **admin.actor.columns("by")}
    late = Activity(pk=early, business=admin.business, **values)
    late.save(force_insert=True)
    activity.seal()
    late.refresh_from_db()
    assert late.seq == 6
    assert chain.check() == []


def test_twenty_who_record_and_three_who_seal_leave_one_chain(admin):
    barrier = Barrier(23)

    def record():
        barrier.wait()
        for _ in range(5):
            events.record(admin.scope("live"), "report.made")
        connections.close_all()

    def seal():
        barrier.wait()
        for _ in range(5):
            activity.seal()
        connections.close_all()

    threads = [Thread(target=record) for _ in range(20)] + [Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    activity.seal()
    assert sorted(Activity.objects.values_list("seq", flat=True)) == list(range(1, 101))
    assert chain.check() == []


def test_recording_waits_for_no_sealer(admin, log):
    """The sealer holds its lock and its rows: somebody else records meanwhile."""
    with transaction.atomic():
        events.record(admin.scope("live"), "report.made")
        activity.seal()
        done = []

        def record():
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '1s'")
            events.record(admin.scope("live"), "report.made")
            done.append(True)
            connections.close_all()

        thread = Thread(target=record)
        thread.start()
        thread.join(5)
    assert done == [True]


@pytest.mark.parametrize("role", ["DATABASE_URL", "DATABASE_OWNER_URL"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("sql", ["UPDATE {} SET hash = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_app_and_owner_are_refused(log, role, table, sql):
    with pytest.raises(psycopg.DatabaseError), connect(role) as connected:
        connected.execute(sql.format(table))
    assert chain.check() == []


@pytest.mark.parametrize("role", ["DATABASE_URL", "DATABASE_OWNER_URL"])
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO accounts_activityhead (business_id, mode, seq, hash) SELECT business_id, mode, 9, 'x' "
        "FROM accounts_activity LIMIT 1",
        "INSERT INTO accounts_activity (business_id, mode, kind, area, facts, by_kind, by_name, by_email, role, via, "
        "address, agent, subject_type, subject_id, subject_label, search, seq, hash, sealed_at) SELECT business_id, "
        "'live', 'x', 'x', '{}', 'system', '', '', '', '', '', '', '', '', '', '', 99, 'x', now() "
        "FROM accounts_activity LIMIT 1",
    ],
)
def test_nobody_adds_what_is_sealed_already(log, role, sql):
    with pytest.raises(psycopg.DatabaseError), connect(role) as connected:
        connected.execute(sql)
    assert chain.check() == []


def test_the_owner_cannot_seal_wrongly_nor_change_while_sealing(admin, log):
    events.record(admin.scope("live"), "report.made")
    head = "SELECT hash FROM accounts_activityhead h WHERE h.business_id = a.business_id AND h.mode = 'live'"
    right = f"activity_hash(({head}), a)"
    for values in (
        "seq = 6, hash = 'x', sealed_at = now()",
        f"seq = 7, hash = {right}, sealed_at = now()",
        f"seq = 6, hash = {right}, sealed_at = now(), by_name = 'Somebody'",
    ):
        with pytest.raises(psycopg.DatabaseError), connect("DATABASE_OWNER_URL") as connected:
            connected.execute(f"UPDATE accounts_activity a SET {values} WHERE seq IS NULL")
    assert activity.seal() == 1
    assert chain.check() == []


ROW = "id = (SELECT id FROM accounts_activity WHERE mode = 'live' AND business_id = %(business)s AND seq = {})"
PLANTED = {
    "a fact changed": ('UPDATE accounts_activity SET facts = \'{{"file": "other.xls"}}\' WHERE ' + ROW, 3),
    "a name changed": ("UPDATE accounts_activity SET by_name = 'Somebody' WHERE " + ROW, 2),
    "a time changed": (
        "UPDATE accounts_activity SET created_at = created_at - interval '1 microsecond' WHERE " + ROW,
        4,
    ),
    "the last row changed": ("UPDATE accounts_activity SET address = '198.51.100.1' WHERE " + ROW, 5),
    "a hash changed": ("UPDATE accounts_activity SET hash = repeat('0', 64) WHERE " + ROW, 3),
    "a row and its hash changed": (
        "UPDATE accounts_activity a SET role = 'maker', hash = activity_hash((SELECT hash FROM accounts_activity b "
        "WHERE b.business_id = a.business_id AND b.mode = 'live' AND b.seq = a.seq - 1), a) WHERE " + ROW,
        3,
    ),
    "the first row removed": ("DELETE FROM accounts_activity WHERE " + ROW, 1),
    "a row removed": ("DELETE FROM accounts_activity WHERE " + ROW, 3),
    "a row removed, and the next one moved up": (
        "DELETE FROM accounts_activity WHERE " + ROW + "; UPDATE accounts_activity SET seq = 4 "
        "WHERE business_id = %(business)s AND mode = 'live' AND seq = 5",
        4,
    ),
    "the end cut off": ("DELETE FROM accounts_activity WHERE " + ROW, 5),
    "everything removed": (
        "DELETE FROM accounts_activity WHERE business_id = %(business)s AND mode = 'live' AND seq <= {}",
        5,
    ),
    "two rows swapped": (
        "UPDATE accounts_activity SET seq = 50 WHERE " + ROW + "; UPDATE accounts_activity SET seq = 3 WHERE seq = 4 "
        "AND business_id = %(business)s AND mode = 'live'; UPDATE accounts_activity SET seq = 4 WHERE seq = 50",
        3,
    ),
    "a row added at the end": (
        "INSERT INTO accounts_activity (business_id, mode, kind, area, facts, by_kind, by_name, by_email, role, via, "
        "address, agent, subject_type, subject_id, subject_label, search, seq, hash, sealed_at) VALUES (%(business)s, "
        "'live', 'x', 'x', '{{}}', 'system', '', '', '', '', '', '', '', '', '', '', {}, repeat('0', 64), now())",
        6,
    ),
    "a row moved to Test Mode": ("UPDATE accounts_activity SET mode = 'test', seq = 2 WHERE " + ROW, 5),
    "a row unsealed": ("UPDATE accounts_activity SET seq = NULL, hash = '', sealed_at = NULL WHERE " + ROW, 3),
    "the head set back": ("UPDATE accounts_activityhead SET seq = {} WHERE business_id = %(business)s", 3),
    "the head removed": ("DELETE FROM accounts_activityhead WHERE business_id = %(business)s AND seq = {}", 5),
    "a row that was never sealed": (
        "UPDATE accounts_activity SET seq = NULL, hash = '', sealed_at = NULL, created_at = now() - interval '1 hour' "
        "WHERE " + ROW + "; UPDATE accounts_activityhead SET seq = 4, hash = (SELECT hash FROM accounts_activity WHERE "
        "business_id = %(business)s AND seq = 4) WHERE business_id = %(business)s AND mode = 'live'",
        5,
    ),
}


@pytest.mark.parametrize("change", PLANTED)
def test_every_planted_change_is_found(log, admin, change):
    sql, place = PLANTED[change]
    with superuser() as connected:
        # A cursor that puts the values into the text, so that several statements go at once.
        psycopg.ClientCursor(connected).execute(sql.format(place), {"business": admin.business.pk})
    broken = chain.check()
    print(f"\n{change}: {'; '.join(link.what for link in broken) or 'NOT FOUND'}")
    assert broken
    assert {link.business_id for link in broken} == {admin.business.pk}


def test_a_log_written_anew_is_found_by_the_heads_that_were_kept(log, admin, tmp_path):
    kept = tmp_path / "heads"
    kept.write_text("\n".join(chain.heads()))
    assert chain.against(kept.read_text().splitlines()) == []
    with superuser() as connected:
        connected.execute("UPDATE accounts_activity SET by_name = 'Somebody' WHERE id = %s", [log[0]])
        connected.execute("UPDATE accounts_activity SET seq = NULL, hash = '', sealed_at = NULL")
        connected.execute("DELETE FROM accounts_activityhead")
    activity.seal()
    assert chain.check() == []  # it is whole in itself
    with pytest.raises(SystemExit):
        call_command("check_activity", "--against", str(kept), stderr=io.StringIO())


def test_the_command_says_what_it_found(log, admin):
    out, err = io.StringIO(), io.StringIO()
    call_command("check_activity", stdout=out)
    assert "3 chains, 8 sealed rows: nothing was changed." in out.getvalue()
    with superuser() as connected:
        connected.execute("UPDATE accounts_activity SET by_name = 'Somebody' WHERE id = %s", [log[1]])
    with pytest.raises(SystemExit):
        call_command("check_activity", stderr=err)
    assert f"business {admin.business.pk}, live, place 2: row {log[1]}" in err.getvalue()
