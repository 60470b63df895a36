"""What the tests of top-ups and their matching share."""

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile

from accounts.models import User
from deposits.demo import ACCOUNTS
from deposits.models import StatementImport, StatementLine, TopUp
from deposits.statements import matching
from deposits.statements import services as statements
from deposits.statements.files import JAKARTA
from deposits.topups import services as topups
from flipdash import clock, rls
from tests import factories

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
    return factories.make_operator(f"{name}-{next(_numbers)}@operator.test", name)


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


HEAD = ("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah")


def bca(*lines: str, on: date | None = None, account: str = ACCOUNTS["bca"]) -> bytes:
    """A statement of KlikBCA Bisnis without balances; each line is "amount|what tells it apart", less than zero out."""
    day = (on or today()).strftime("%d/%m/%Y")
    rows = [[f"No. rekening : {account}"], list(HEAD)]
    for text in lines:
        amount, _bar, mark = text.partition("|")
        way = "DB" if int(amount) < 0 else "CR"
        rows.append([day, f"TRSF E-BANKING {way} {mark} KOPI", "0000", f"{abs(int(amount)):,}.00 {way}"])
    rows.append(["Saldo Akhir : 1.00"])
    return quoted(rows)


def individual(*amounts: int, opening: int) -> bytes:
    """A statement of KlikBCA Individual, whose days have no year."""
    rows, balance = [f"Account No.,=,'{ACCOUNTS['bca']}", "Date,Description,Branch,Amount,,Balance"], opening
    for amount in amounts:
        balance += amount
        rows.append(
            f"'{today():%d/%m},SETORAN TUNAI,'0000,{abs(amount)}.00,{'CR' if amount > 0 else 'DB'},{balance}.00"
        )
    return "\n".join([*rows, f"Ending Balance,=,{balance}.00", ""]).encode()


def bni(*lines: str, on: date | None = None) -> bytes:
    """A statement of BNI Direct, which names no account and has no balances; each line is "amount|journal number"."""
    day = (on or today()).strftime("%d/%m/%y")
    rows = [["Post Date", "Value Date", "Branch", "Journal No.", "Description", "Debit", "Credit", ""]]
    for text in lines:
        amount, _bar, journal = text.partition("|")
        sums = (".00", f"{int(amount):,}.00") if int(amount) > 0 else (f"{-int(amount):,}.00", ".00")
        rows.append([f"{day} 05.20.11", f"{day} 05.20.11", "0259", journal, "TRANSFER DARI", *sums, ""])
    return quoted(rows)


def kopra(*amounts: Decimal | int, opening: Decimal | int = 10_000, text: str = "TRSF") -> bytes:
    """A statement of Mandiri's Kopra, with an account and a balance in each row."""
    head = "AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance"
    rows, balance = [head], Decimal(opening)
    for number, amount in enumerate(amounts):
        balance += amount
        at = f"{today().day} {today():%B %Y} 09:00:{number:02}"
        sums = f"{max(amount, 0):.2f};{max(-amount, 0):.2f};{balance:.2f}"
        rows.append(f"{ACCOUNTS['mandiri']};IDR;{at};{text};;{sums}")
    return "\n".join([*rows, ""]).encode()


def mcm(*amounts: int) -> bytes:
    """A statement of Mandiri's MCM, which has no balances."""
    head = "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit"
    day = today().strftime("%d/%m/%y")
    rows = [f'{ACCOUNTS["mandiri"]},{day},{day},1,TRSF,KOPI,,".00","{amount:,}.00"' for amount in amounts]
    return "\n".join([head, *rows, ""]).encode()


def quoted(rows: list[list[str]]) -> bytes:
    """Rows as a bank writes them that quotes all its cells."""
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows).encode()


def import_statement(content: bytes, bank: str = "", mode: str = "live") -> StatementImport:
    """Upload and import a statement, and match its lines."""
    by = User.objects.filter(email__endswith="@operator.test").first() or operator_person("Importer")
    job = statements.request_import(bank=bank, mode=mode, upload=ContentFile(content, name="mutasi.csv"), by=by)
    statements.STATEMENTS.work(job.pk)
    matching.match_due()
    job.refresh_from_db(using="operator")
    return job


def long_ago(days: int) -> Any:
    return clock.now() - timedelta(days=days)
