"""P7, P14: a whole page in process, against its query with an empty page, and against Django's admin; and the public
payment page against an empty one."""

from django.test import Client

from bench.measure import Line, compare, medians, times
from bench.rows import BIG
from bench.subject import Bench

PAGE, EMPTY, ADMIN = "/money-transfers/", "/bench/empty/", "/bench/admin/transactions/moneytransfer/"
EMPTY_PUBLIC = "/bench/public/"
ADMIN_ROUNDS = 3


def lines(bench: Bench) -> list[Line]:
    """Measure the page, and the admin's."""
    client = bench.client(BIG)
    acts = {
        "query": bench.replay(bench.page_sql(BIG)),
        "empty": lambda: _get(client, EMPTY),
        "page": lambda: _get(client, PAGE),
    }
    took = medians(acts, bench.rounds)
    unit = ("raw query and an empty page", took["query"] + took["empty"])
    first = compare("P7", "First page, whole, in process", took["page"], unit, most=3.5)
    return [first, *_public(bench, client), *_rivals(bench, client)]


def _public(bench: Bench, client: Client) -> list[Line]:
    """Measure the page on which a stranger pays, an empty one of a signed-in person, and an empty one of a stranger."""
    stranger, address = Client(), f"/pay/{bench.link().slug}/"
    acts = {
        "page": lambda: _get(stranger, address),
        "empty": lambda: _get(client, EMPTY),
        "bare": lambda: _get(stranger, EMPTY_PUBLIC),
    }
    took = medians(acts, bench.rounds)
    bare = ("an empty page that asks no database, for a stranger", took["bare"])
    return [
        compare("", "Public payment page, whole, in process", took["page"], ("an empty page", took["empty"]), most=3),
        compare("", "Public payment page, whole, in process", took["page"], bare),
    ]


def _rivals(bench: Bench, client: Client) -> list[Line]:
    """Measure what a person would wait for in the admin: it is slow, so there are few rounds."""
    found = []
    for what, query in (("first page", ""), ("search, common word", "q=budi"), ("search, rare word", "q=zulaikha")):
        acts = {
            "ours": lambda query=query: _get(client, f"{PAGE}?{query}"),
            "admin's": lambda query=query: _get(client, f"{ADMIN}?{query}"),
        }
        taken = times(acts, ADMIN_ROUNDS)
        ours, rival = sorted(taken["ours"])[1], sorted(taken["admin's"])[1]
        ratio = rival / ours
        found.append(
            Line(
                "P14",
                f"Django admin's changelist against ours: {what}",
                f"{ours:,.1f} ms",
                f"admin, {rival:,.0f} ms",
                round(ratio, 1),
                "≥ 100×",
                ratio >= 100,
            )
        )
    return found


def _get(client: Client, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
