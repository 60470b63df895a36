"""A bank's statement of as many lines as one may have: read, told apart and stored in one transaction, as workers do.

The lines are invented, in the layout of KlikBCA Bisnis, whose balances are followed. What was stored is taken back.
"""

import io
import resource
import time
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from bench.measure import Line
from bench.rows import BIG
from deposits import demo
from deposits.models import BankAccount, StatementImport
from deposits.statements import services
from deposits.statements.lines import MOST_LINES
from flipdash import clock

MOST_SECONDS = 30
DAYS = 80
BANK = "bca"


def lines(bench: Any) -> list[Line]:
    """Measure seconds by the clock, and CPU seconds of this process and of the one that reads."""
    wall, cpu, size = _measure(MOST_LINES, bench.scope(BIG).member.user)
    line = Line(
        row="",
        what=f"A bank's statement of {MOST_LINES:,} lines ({size / 1e6:.0f} MB), read and stored",
        measured=f"{wall:,.1f} s",
        yardstick=f"{cpu:,.1f} s CPU without Postgres",
        hold=f"≤ {MOST_SECONDS} s",
        held=wall <= MOST_SECONDS,
    )
    return [line]


def _measure(count: int, user: Any) -> tuple[float, float, int]:
    """Return seconds, CPU seconds, and the bytes of the file."""
    with transaction.atomic(using="operator"):
        account, _made = BankAccount.objects.using("operator").get_or_create(
            bank=BANK, defaults={"account_number": demo.ACCOUNTS[BANK], "holder": "PT Contoh"}
        )
        content = _content(account.account_number, count)
        job = StatementImport.objects.using("operator").create(bank=BANK, file_name="mutasi.csv", by_id=user.pk)
        begun, spent = time.perf_counter(), _cpu()
        stored = services.store(io.BytesIO(content), job)
        taken = time.perf_counter() - begun, _cpu() - spent, len(content)
        if (stored.lines, stored.added, stored.doubts) != (count, count, []):
            raise AssertionError(f"not all lines are new and follow from one another: {stored}")
        transaction.set_rollback(True, using="operator")
    return taken


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _content(account: str, count: int) -> bytes:
    """Return a statement of three payments in to each one out, over the last days before today."""
    head = ("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "Saldo")
    first, balance = clock.now("operator").date() - timedelta(days=DAYS), 1_000_000
    rows = [f'"No. rekening : {account}"\n', ",".join(f'"{name}"' for name in head) + "\n"]
    for n in range(count):
        rows.append(_row(first + timedelta(days=n * DAYS // count), n, balance))
        balance += _amount(n)
    rows.append(f'"Saldo Akhir : {balance:,}.00"\n')
    return "".join(rows).encode()


def _amount(n: int) -> int:
    return (10_000 + n * 7 % 5_000_000) * (1 if n % 4 else -1)


def _row(day: date, n: int, before: int) -> str:
    amount, sign = _amount(n), "CR" if n % 4 else "DB"
    text = f"TRSF E-BANKING {sign} 2111/FTSCY/WS95051 {abs(amount)}.00 BAYAR {n} SITI RAHMA"
    return f'"{day:%d/%m/%Y}","{text}","0000","{abs(amount):,}.00 {sign}","{before + amount:,}.00"\n'
