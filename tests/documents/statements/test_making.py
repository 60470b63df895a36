"""Statements as leased work: whole or not there, of one moment, and refused where the balances don't follow."""

import csv
import io
import os
from datetime import date
from hashlib import sha256

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import OperationalError, connections

from accounts.models import Member
from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import Source
from deposits.models import Account, DepositEntry
from documents.models import Statement
from documents.reports import leftovers
from documents.statements import paper, services, sheet
from documents.statements.services import STATEMENTS
from flipdash import rls
from tests.documents.statements.conftest import again, ask, at, content_of, hold
from tests.leased import let_time_pass
from tests.superuser import superuser

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])


def lines_of(statement: Statement) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content_of(statement).decode("utf-8-sig"))))


def test_it_is_all_of_the_days_between_two_balances_and_its_hash_is_kept(scope, moved, make):
    made = make("csv")
    opening, *entries, closing = lines_of(made)[1:]
    assert opening[1:] == ["Opening balance", "", "", "", "", "1000417"]
    assert [(line[0], line[1], line[4], line[5], line[6]) for line in entries] == [
        ("2026-03-01 00:00:00", "Held for a transaction", "", "102500", "897917"),
        ("2026-03-10 09:30:00", "Held for a transaction", "", "52500", "845417"),
        ("2026-03-11 08:00:00", "Released", "52500", "", "897917"),
        ("2026-03-31 23:59:59", "Held for a transaction", "", "12500", "885417"),
    ]
    assert [line[2] for line in entries] == [str(moved[name]) for name in ("first", "failed", "failed", "last")]
    assert closing[1:] == ["Closing balance", "", "", "", "", "885417"]
    assert (made.opening, made.closing, made.rows_done, made.rows_total) == (1_000_417, 885_417, 4, 4)
    assert made.sha256 == sha256(content_of(made)).hexdigest()
    assert made.size == len(content_of(made))
    assert made.file_name == "Kopi-Kita_Deposit-Statement_2026-03-01_2026-03-31_WIB_S000001.csv"


def test_what_an_entry_was_for_is_told_with_the_names_that_people_typed(scope, moved, make):
    first, *_others = lines_of(make("csv"))[2:]
    assert first[3].startswith("Money Transfer · Sri Wahyuni · ")
    assert first[3].endswith(" · Gaji Maret · fee Rp2,500 included")


def test_it_agrees_with_the_deposit_history_of_the_same_days(scope, moved, make):
    with rls.inside(scope):
        rows = DepositEntry.objects.visible_to(scope).filter(
            created_at__gte=at("2026-03-01T00:00+07:00"), created_at__lt=at("2026-04-01T00:00+07:00")
        )
        entries = list(rows.order_by("seq").values_list("amount", "balance_after"))
    of_file = [(int(line[4] or 0) - int(line[5] or 0), int(line[6])) for line in lines_of(make("csv"))[2:-1]]
    assert of_file == entries


def test_days_without_entries_have_the_same_balance_twice(scope, moved, make):
    quiet_days = make("csv", days=(date(2026, 3, 20), date(2026, 3, 22)))
    before_all = make("csv", days=(date(2026, 1, 10), date(2026, 2, 27)))
    assert [line[6] for line in lines_of(quiet_days)[1:]] == ["897917", "897917"]
    assert [line[6] for line in lines_of(before_all)[1:]] == ["0", "0"]


def test_statements_of_following_periods_join(scope, moved, make):
    february = make("csv", days=(date(2026, 1, 10), date(2026, 2, 28)))
    march, april = make("csv"), make("csv", days=(date(2026, 4, 1), date(2026, 4, 30)))
    assert (february.closing, march.closing) == (march.opening, april.opening)


def test_days_are_the_business_s_own(scope, moved, old, make):
    old.time_zone = "Asia/Jayapura"  # two hours earlier
    old.save(update_fields=["time_zone"])
    made = make("csv", by=Member.objects.select_related("business", "user").get().scope("live"))
    assert made.zone == "Asia/Jayapura"
    assert [line[0] for line in lines_of(made)[2:-1]] == ["2026-03-01 01:59:59", "2026-03-01 02:00:00",
        "2026-03-10 11:30:00", "2026-03-11 10:00:00"]  # fmt: skip
    assert "_WIT_" in made.file_name


def test_test_mode_has_its_own_and_says_so(scope, moved, admin, make):
    made = make("csv", by=admin.scope("test"))
    assert made.file_name.startswith("TEST_")
    assert len(lines_of(made)) == 3
    assert (made.opening, made.closing) == (0, 0)


# --- Of one moment -------------------------------------------------------------------------------------------------


def test_an_entry_booked_while_it_is_made_is_in_none_of_it(scope, moved, make, monkeypatch):
    """The clock may stand in March: an entry of the period comes between the sums and the rows."""
    write = sheet.write

    def book_and_write(content, path):
        assert content.period.count == 2
        with rls.inside(scope):
            ledger.top_up(
                scope, Source("top_up", 12), amount=5_000, bank="bca", effective_at=at("2026-04-01T12:00+07:00")
            )
        write(content, path)

    hold(scope, "2026-04-01T08:00+07:00", amount=1_000)
    monkeypatch.setitem(services.WRITERS, "csv", book_and_write)
    made = make("csv", days=(date(2026, 4, 1), date(2026, 4, 1)))
    assert len(lines_of(made)) == 5
    monkeypatch.undo()
    assert len(lines_of(make("csv", days=(date(2026, 4, 1), date(2026, 4, 1))))) == 6


WRONG_BALANCE, WRONG_AMOUNT = "balance_after = balance_after + 1", "amount = amount - 1"


@pytest.mark.parametrize(
    ("what", "format"), [*((WRONG_BALANCE, format) for format in services.WRITERS), (WRONG_AMOUNT, "csv")]
)
def test_balances_that_do_not_follow_give_no_statement(scope, moved, make, what, format):
    with superuser() as database:
        done = database.execute(f"UPDATE deposits_entry SET {what} WHERE balance_after = 845417")
        assert done.rowcount == 1
    made = make(format)
    assert (made.status, made.problem, made.stored_as) == ("failed", "does not follow", "")


def test_an_entry_that_is_missing_gives_no_statement(scope, moved, make, quiet):
    account = Account.objects.using("operator").get(kind="available", business=scope.business, mode="live")
    with superuser() as database:
        database.execute("DELETE FROM deposits_entry WHERE seq IN (3, 4) AND account_id = %s", [account.pk])
    made = make("csv")  # both together moved nothing, so all balances follow
    assert (made.status, made.problem) == ("failed", "does not follow")
    assert [path for path in quiet.rglob("*") if path.is_file()] == []


# --- Who may, and how many -----------------------------------------------------------------------------------------


def test_whoever_lost_the_right_meanwhile_gets_nothing(scope, moved, admin):
    asked = ask(scope)
    Member.objects.filter(pk=admin.pk).update(role=Role.CUSTOMER_SERVICE)
    STATEMENTS.work()
    assert (again(asked).status, again(asked).problem) == ("failed", "not allowed")


def test_asking_twice_gives_the_one_that_is_being_made(scope, moved):
    first, second, other = (ask(scope, format) for format in ("csv", "csv", "xlsx"))
    assert first == second != other


def test_more_entries_than_a_file_holds_are_said(scope, moved, make, monkeypatch):
    monkeypatch.setattr(paper, "MOST", 3)
    assert (make("pdf").problem, make("csv").status) == ("too many", "ready")
    monkeypatch.setattr(services, "MOST", 3)
    assert make("csv").problem == "too many"


# --- Killed, cancelled, old ----------------------------------------------------------------------------------------


class Killed(BaseException):
    """What no handler of the work catches: as if the process were gone."""


def step(monkeypatch, number: int) -> None:
    """Let the worker be killed at one of the steps of making a file."""
    owner, name = [
        (services, "_write"),
        (sheet, "_rows"),
        (services, "_publish"),
        (os, "fsync"),
        (FileSystemStorage, "save"),
        (services, "_finish"),
    ][number]

    def kill(*args, **kwargs):
        raise Killed

    monkeypatch.setattr(owner, name, kill)


@pytest.mark.parametrize("number", range(6))
def test_killed_anywhere_it_is_made_once_and_nothing_is_left(scope, moved, monkeypatch, quiet, number):
    asked = ask(scope)
    with monkeypatch.context() as patch:
        step(patch, number)
        with pytest.raises(Killed):
            STATEMENTS.work()
    assert again(asked).status == "running"
    let_time_pass(STATEMENTS)
    STATEMENTS.work()
    made = again(asked)
    assert (made.status, made.attempt) == ("ready", 2)
    assert len(lines_of(made)) == 7
    STATEMENTS.sweep()
    assert [path.name for path in quiet.rglob("*") if path.is_file()] == [made.stored_as.rpartition("/")[2]]


def test_one_that_is_cancelled_while_it_is_made_leaves_no_file(scope, moved, make, monkeypatch, quiet):
    write = sheet.write

    def write_and_cancel(content, path):
        write(content, path)
        with rls.inside(scope):
            assert services.cancel(content.statement, by=scope)
            assert not services.cancel(content.statement, by=scope)

    monkeypatch.setitem(services.WRITERS, "csv", write_and_cancel)
    assert make("csv").status == "cancelled"
    STATEMENTS.sweep()
    assert [path for path in quiet.rglob("*") if path.is_file()] == []


def test_a_connection_that_breaks_as_it_commits_takes_no_file_with_it(scope, moved, make, monkeypatch):
    """Who waits for the commit can't know whether it came through: it says ready, and has to have its file."""
    connection, finish = connections["default"], services._finish
    commit = connection.commit

    def breaks():
        monkeypatch.setattr(connection, "commit", commit)
        commit()
        raise OperationalError("the connection is gone")

    def finish_and_break(statement, **values):
        finish(statement, **values)
        monkeypatch.setattr(connection, "commit", breaks)

    monkeypatch.setattr(services, "_finish", finish_and_break)
    made = make("csv")
    STATEMENTS.sweep()
    assert (again(made).status, default_storage.exists(made.stored_as)) == ("ready", True)


def test_its_file_goes_when_its_time_is_over(scope, moved, make):
    made = make("csv")
    Statement.objects.using("operator").update(expires_at=at("2026-04-01T00:00+07:00"))
    STATEMENTS.sweep()
    assert (again(made).status, again(made).stored_as) == ("expired", "")
    assert not default_storage.exists(made.stored_as)


def test_folders_of_attempts_that_run_stay(scope, moved):
    ask(scope)
    running = STATEMENTS.claim()
    with leftovers.workplace(running) as place:
        other = place.parent / f"{running.pk}-{running.attempt + 1}"
        other.mkdir()
        leftovers.throw_away_folders()  # of reports
        assert other.exists()
        leftovers.throw_away_folders(Statement)
        assert (place.exists(), other.exists()) == (True, False)


# --- The database --------------------------------------------------------------------------------------------------


def test_another_business_s_and_the_other_mode_s_are_not_there(scope, moved, make, stranger, admin):
    made = make("csv")
    for other in (stranger.scope("live"), admin.scope("test")):
        with rls.inside(other):
            assert not Statement.objects.filter(pk=made.pk).exists()


def test_what_was_asked_for_never_changes(scope, moved, make):
    made = make("csv")
    with rls.inside(scope), pytest.raises(Exception, match="last"):
        Statement.objects.filter(pk=made.pk).update(last=date(2026, 4, 30))
