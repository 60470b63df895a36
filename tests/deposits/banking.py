"""What the tests of top-ups and their matching share."""

import itertools
from datetime import date, timedelta
from typing import Any

from django.core.files.base import ContentFile

from accounts.models import User
from deposits.models import StatementImport, StatementLine, TopUp
from deposits.statements import matching
from deposits.statements import services as statements
from deposits.statements.files import JAKARTA
from deposits.topups import services as topups
from flipdash import clock, rls

_numbers = itertools.count(1)


def ask(scope: Any, amount: int = 5_000_000, bank: str = "bca", **fields: Any) -> TopUp:
    """Ask for a top-up inside its business."""
    with rls.inside(scope):
        return topups.request_top_up(scope, amount=amount, bank=bank, **fields).top_up


def mark(scope: Any, top_up: TopUp, **fields: Any) -> TopUp:
    with rls.inside(scope):
        return topups.mark_transferred(scope, top_up, **fields)


def again(top_up: TopUp) -> TopUp:
    """Read a top-up again, whosever it is."""
    return TopUp.objects.using("operator").get(pk=top_up.pk)


def operator_person(name: str) -> User:
    """One of the operator's people."""
    user = User(email=f"{name}-{next(_numbers)}@operator.test", name=name, is_staff=True)
    user.set_unusable_password()
    user.save()
    return user


def today() -> date:
    return clock.now().astimezone(JAKARTA).date()


def line(amount: int, bank: str = "bca", mode: str = "live", **fields: Any) -> StatementLine:
    """Add a line as an import does."""
    number = next(_numbers)
    values = {"booked_on": today(), "description": "TRSF", "fingerprint": f"{number:064d}", **fields}
    made = StatementLine(bank=bank, mode=mode, amount=amount, **values)
    made.save(using="operator")
    return made


def fate(made: StatementLine) -> tuple[str, str]:
    """What became of a line: its status and its reason."""
    made.refresh_from_db(using="operator")
    return made.status, made.reason


HEADS = {
    "bca": "Tanggal,Keterangan,Jumlah,D/K,Pengirim,No. Referensi,Saldo",
    "mandiri": "Posting Date,Remark,Additional Desc,Credit Amount,Debit Amount,Reference No,Close Balance",
    "bri": "TGL_TRAN;DESK_TRAN;MUTASI_DEBET;MUTASI_KREDIT;NO_REF;SALDO_AKHIR_MUTASI",
    "bni": "Post Date;Journal No.;Description;Amount;Db/Cr;Balance",
    "permata": "Tanggal Transaksi;Deskripsi;Debet;Kredit;Nama Pengirim;Nomor Referensi;Saldo",
    "cimb": "Transaction Date,Transaction Description,Debit,Credit,Ref. No.,Running Balance",
}


def bca(*lines: str, on: date | None = None) -> bytes:
    """A statement of BCA's; each line is "amount,reference" or whole."""
    day = (on or today()).strftime("%d/%m/%Y")
    rows = [HEADS["bca"]]
    for text in lines:
        amount, _comma, reference = text.partition("|")
        rows.append(f'{day},TRSF E-BANKING CR,"{int(amount):,}.00",CR,KOPI KITA,{reference},')
    return ("\n".join(rows) + "\n").encode()


def import_statement(content: bytes, bank: str = "bca", mode: str = "live") -> StatementImport:
    """Upload and import a statement, and match its lines."""
    by = User.objects.filter(email__endswith="@operator.test").first() or operator_person("Importer")
    job = statements.request_import(bank=bank, mode=mode, upload=ContentFile(content, name="mutasi.csv"), by=by)
    statements.STATEMENTS.work(job.pk)
    matching.match_due()
    job.refresh_from_db(using="operator")
    return job


def long_ago(days: int) -> Any:
    return clock.now() - timedelta(days=days)
