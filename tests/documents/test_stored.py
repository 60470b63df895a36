"""Files that no row names go after a day; rows whose file is gone are named by check_documents."""

import os
import time
from functools import partial
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Business
from deposits.models import StatementImport
from documents.models import Report, Statement
from documents.reports import leftovers
from flipdash import orphans
from imports import services as imports
from tests import factories
from tests.turns import swept
from transactions.bulk import services as bulk

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def put(name: str, *, days_old: float = 2, content: bytes = b"x") -> str:
    default_storage.save(name, ContentFile(content))
    made = time.time() - days_old * 86_400
    os.utime(default_storage.path(name), (made, made))
    return name


def test_only_old_files_that_no_row_names_go(files, admin):
    ready = {"status": "ready", "size": 1, "expires_at": timezone.now()}
    of_statement = {"sha256": "0" * 64, "opening": 0, "closing": 0}
    invoice, sheet, paper = (put(f"invoices/1/{name}") for name in ("a.pdf", "a.xlsx", "papers/b.pdf"))
    issued = factories.make_invoice(admin.business, stored_as=invoice, sheet_stored_as=sheet)
    factories.make_paper(admin, issued, stored_as=paper)
    named = [invoice, sheet, paper, put("reports/1/a.xls"), put("deposit-statements/1/a.pdf")]
    factories.make_report(admin, stored_as=named[3], **ready)
    factories.make_statement(admin, stored_as=named[4], **ready, **of_statement)
    factories.make_import(admin, status="queued", stored_as=put("imports/1/x"), faults_as=put("imports/1/x.csv"))
    StatementImport.objects.using("operator").create(
        file_name="x", stored_as=put("statements/statement.csv"), by=admin.user
    )
    Business.objects.filter(pk=admin.business.pk).update(logo=put("logos/x.png"))
    named += ["imports/1/x", "imports/1/x.csv", "statements/statement.csv", "logos/x.png"]
    others = [put("somebody/else.txt")]
    new = put("reports/1/new.xls", days_old=0.9)
    ownerless = ("reports/1/z.xls", "reports/z.xls", "deposit-statements/2/z.sta", "invoices/1/papers/z.pdf")
    ownerless += ("imports/1/z", "statements/z.csv", "logos/z.png", "bulk/1/z")
    for name in ownerless:
        put(name)
    assert orphans.throw_away() == 8
    assert orphans.throw_away() == 0
    assert all(default_storage.exists(name) for name in [*named, *others, new])


def _reports(admin, **fields):
    return factories.make_report(admin, status="failed", finished_at=timezone.now(), **fields)


def _statements(admin, **fields):
    return factories.make_statement(admin, status="failed", finished_at=timezone.now(), **fields)


@pytest.mark.parametrize(
    ("make", "tidy", "module"),
    [
        (_reports, lambda: leftovers.throw_away_files(Report), leftovers),
        (_statements, lambda: leftovers.throw_away_files(Statement), leftovers),
        (factories.make_import, imports.tidy, imports),
        (partial(factories.make_draft, status="cancelled"), bulk.tidy, bulk),
    ],
    ids=["reports", "statements", "imports", "drafts"],
)
def test_a_file_that_cant_be_deleted_keeps_no_other(files, admin, monkeypatch, make, tidy, module):
    names = [put(f"reports/1/{name}") for name in "ab"]
    for name in names:
        make(admin, stored_as=name)
    delete = FileSystemStorage.delete

    def breaks(storage, name):
        return 1 // (name != names[0]) and delete(storage, name)

    monkeypatch.setattr(FileSystemStorage, "delete", breaks)
    monkeypatch.setattr(module, "AT_A_TIME", 1)
    assert swept(tidy, lambda: not default_storage.exists(names[1]))
    assert default_storage.exists(names[0])


def test_a_sweep_takes_only_so_many(files, monkeypatch):
    monkeypatch.setattr(orphans, "MOST", 2)
    for number in range(3):
        put(f"reports/1/{number}.xls")
    assert (orphans.throw_away(), orphans.throw_away()) == (2, 1)


def test_one_behind_many_that_are_named_is_found(files, admin, monkeypatch):
    monkeypatch.setattr(orphans, "AT_ONCE", 2)
    kept = [put(f"reports/1/{number}.xls") for number in range(5)]
    for number, name in enumerate(kept):
        factories.make_report(
            admin, number=number + 1, status="ready", size=1, expires_at=timezone.now(), stored_as=name
        )
    for number in range(3):
        put(f"reports/1/z{number}.xls")
    assert orphans.throw_away() == 3
    assert all(default_storage.exists(name) for name in kept)


def test_rows_without_their_file_are_named(files, admin):
    call_command("check_documents", stdout=StringIO())
    ready = {"status": "ready", "size": 1, "expires_at": timezone.now()}
    factories.make_report(admin, number=7, stored_as="reports/1/gone.xls", **ready)
    of_statement = {"sha256": "0" * 64, "opening": 0, "closing": 0, **ready}
    factories.make_statement(admin, number=8, stored_as="deposit-statements/1/gone.pdf", **of_statement)
    factories.make_statement(admin, number=9, stored_as=put("deposit-statements/1/other.pdf"), **of_statement)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("check_documents", stdout=said)
    for words in (
        "report R000007: reports/1/gone.xls is missing",
        "statement S000008: deposit-statements/1/gone.pdf is missing",
        "statement S000009: deposit-statements/1/other.pdf is not what was made",
    ):
        assert words in said.getvalue()
