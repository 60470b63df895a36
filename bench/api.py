"""The merchant API: its balance beside an empty endpoint with the same authentication, a list beside its bare SQL.

One program calls, one call after the other, through the whole stack but for the network; API Logs keep each call.
"""

import base64
import json
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import psycopg
from django.test import Client
from psycopg.rows import dict_row

from bench.measure import Line, compare, medians
from bench.rows import BIG
from bench.subject import Bench, Statement, statements
from developer.api.disbursements import as_disbursement
from developer.keys import services
from developer.keys.services import KeyRequest
from flipdash import rls
from transactions.models import MoneyTransfer

EMPTY, BALANCE, PAGE = "/bench/api/empty", "/api/v3/general/balance", "/api/v3/disbursement?pagination=100"


def lines(bench: Bench) -> list[Line]:
    """Measure in turn, and say each in requests a second too."""
    call = caller(bench)
    made = page_sql(call)
    took = medians(
        {
            EMPTY: lambda: call(EMPTY),
            BALANCE: lambda: call(BALANCE),
            PAGE: lambda: call(PAGE),
            "bare": bare(made),
        },
        bench.rounds * 8,
    )
    empty = (f"empty endpoint, {a_second(took[EMPTY])}", took[EMPTY])
    page = (f"its SQL and JSON, {a_second(took['bare'])}", took["bare"])
    return [
        compare("", f"API: balance, {a_second(took[BALANCE])}", took[BALANCE], empty, most=2),
        compare("", f"API: page of 100 disbursements, {a_second(took[PAGE])}", took[PAGE], page, most=3),
    ]


def a_second(milliseconds: float) -> str:
    """Write how many such calls one thread answers in a second."""
    return f"{1000 / milliseconds:,.0f}/s"


def caller(bench: Bench) -> Callable[[str], bytes]:
    """Return what calls an address with a key of its own, and gives back the answer."""
    scope = bench.scope(BIG)
    with rls.inside(scope):
        _key, text = services.make_key(scope, KeyRequest("bench"))
    header = "Basic " + base64.b64encode(f"{text}:".encode()).decode()
    client = Client()

    def call(path: str) -> bytes:
        answer = client.get(path, headers={"Authorization": header})
        assert answer.status_code == 200, answer.content
        return answer.content

    return call


def page_sql(call: Callable[[str], bytes]) -> list[Statement]:
    """Return the statements that find the rows of a page, and count them."""
    with statements() as made:
        call(PAGE)
    found = [one for one in made if "transactions_moneytransfer" in str(one[0]) and str(one[0]).startswith("SELECT")]
    assert len(found) == 2, found
    return found


def written(row: dict[str, Any]) -> dict[str, Any]:
    """Write a row as the API does."""
    return as_disbursement(cast(MoneyTransfer, SimpleNamespace(pk=row["id"], **row)), 3)


def bare(made: list[Statement]) -> Callable[[], str]:
    """Return an act that has Postgres answer the statements, and writes what they find as JSON."""
    cursor = psycopg.connect(
        os.environ["DATABASE_URL"], autocommit=True, cursor_factory=psycopg.ClientCursor, row_factory=dict_row
    ).cursor()

    def act() -> str:
        [[total], rows] = [cursor.execute(sql, params).fetchall() for sql, params in made]
        return json.dumps({**total, "data": [written(row) for row in rows]})

    return act
