"""P8, P9, P13: the pages of a history as SQL, and the count beside them."""

from django.conf import settings

from bench.measure import Line, compare, medians
from bench.rows import BIG, SMALL
from bench.subject import LOOKUP, Bench

COUNT_LIMIT = settings.HISTORY_COUNT_TIMEOUT_MS
YEAR = "date_from=2025-11-01&date_to=2026-10-31"
MONTH = "date_from=2026-09-01&date_to=2026-09-30"
FILTERED = {
    "failed": "status=failed",
    "successful, one month": f"status=successful&{MONTH}",
    "failed, by API, e-wallet, one year": f"status=failed&via=api&destination=ewallet&{YEAR}",
    "virtual accounts of one bank, by API": "destination=va&bank=bca&via=api",
    "completed in one month": f"date_basis=completed&{MONTH}",
}


def lines(bench: Bench) -> list[Line]:
    """Measure first and deep pages, filters, and counts."""
    deep = bench.deep(BIG, bench.count // 4)
    pages = {name: bench.page_sql(BIG, query) for name, query in FILTERED.items()}
    acts = {
        LOOKUP: bench.lookup(),
        "first": bench.replay(bench.page_sql(BIG)),
        "first, smallest": bench.replay(bench.page_sql(SMALL)),
        "deep": bench.replay(bench.page_sql(BIG, deep)),
        "count": bench.replay(bench.count_sql(BIG), limit=COUNT_LIMIT),
        **{name: bench.replay(made) for name, made in pages.items()},
        **{
            f"count: {name}": bench.replay(bench.count_sql(BIG, query), limit=COUNT_LIMIT)
            for name, query in FILTERED.items()
        },
    }
    took = medians(acts, bench.rounds)
    lookup, first = (LOOKUP, took[LOOKUP]), ("first page's SQL", took["first"])
    return [
        compare("P8", f"Page at depth {bench.count // 4:,}", took["deep"], first, most=1.2),
        compare("P9", "First page's SQL, largest business", took["first"], lookup, most=2.5),
        compare("P9", "First page's SQL, smallest business", took["first, smallest"], lookup, most=2.5),
        *(compare("", f"Page, filter: {name}", took[name], lookup) for name in FILTERED),
        compare("P13", "Count beside the first page", took["count"], first, most=25),
        *(
            compare("P13", f"Count: {name}", took[f"count: {name}"], ("its page's SQL", took[name]), most=25)
            for name in FILTERED
        ),
    ]
