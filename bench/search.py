"""P10, P11, P12, P18: everything that can be pasted or typed into the search box, and words combined, as SQL."""

from bench.measure import Line, compare, medians
from bench.rows import BIG, ODD, SMALL
from bench.subject import LOOKUP, Bench

WORDS = {
    "very common": "payroll",
    "common": "budi",
    "medium": "tanuwijaya",
    "rare": "zulaikha",
    "none": "xqzvw",
}
HARDER = {
    "two words": "q=mega+oatside",
    "two words, both common": "q=budi+santoso",
    "part of an invoice number": "q=/004821",
    "digits inside a remark": "q=4821&in=text",
    "common word, rare filter": "q=budi&status=cancelled&via=dashboard&bank=sulselbar",
    "common word, one day a year ago": "q=budi&date_from=2025-11-03&date_to=2025-11-03",
}
COMBINED = {
    "name and amount": "q=budi+100000",
    "amount and bank": "q=Rp100.000+mandiri",
    "status and day": "q=gagal+27+okt+2026",
    "status and month": "q=failed+mei+2026",
    "name, bank and day": "q=budi+bca+27+okt+2026",
    "name, bank and status": "q=budi+bca+dibatalkan",
    "name and year": "q=budi+2025",
    "rare name and year": "q=zulaikha+2026",
    "part of an invoice number and month": "q=/0048+mei+2026",
    "short word": "q=pt",
    "status": "q=dibatalkan",
    "bank": "q=bank+sulselbar",
}
"""Words of different kinds, and single ones that can be of two."""
WHERE = {"largest business": BIG, "where it is never used": ODD, "smallest business": SMALL}


def lines(bench: Bench) -> list[Line]:
    """Measure exact searches, words of every frequency, and harder ones."""
    some, rows = bench.some(BIG), bench.history(BIG).visible_rows()
    paid = {
        "account number": rows.filter(destination_kind="va")[50],
        "account number of a supplier": rows.filter(bank="bca", beneficiary_name__startswith="PT")[50],
    }
    exact = {
        "Transaction ID": f"q={some.pk}",
        **{name: f"q={row.account_number}" for name, row in paid.items()},
        "last 4 digits of an account": f"q={some.account_number[-4:]}",
        "amount": f"q={some.amount}",
        "common amount": "q=Rp100.000",
    }
    asked = {f"{name}: {where}": (slug, f"q={word}") for where, slug in WHERE.items() for name, word in WORDS.items()}
    hard = {f"{name}: {where}": (slug, query) for where, slug in WHERE.items() for name, query in HARDER.items()}
    mixed = {f"{name}: {where}": (slug, query) for where, slug in WHERE.items() for name, query in COMBINED.items()}
    acts = {
        LOOKUP: bench.lookup(),
        **{name: bench.replay(bench.page_sql(BIG, query)) for name, query in exact.items()},
        **{name: bench.replay(bench.page_sql(slug, query)) for name, (slug, query) in (asked | hard | mixed).items()},
    }
    took = medians(acts, bench.rounds)
    lookup = (LOOKUP, took[LOOKUP])
    return [
        *(compare("P10", f"Search: {name}", took[name], lookup, most=5) for name in exact),
        *(compare("P11", f"Search: {name}", took[name], lookup, most=50) for name in asked),
        *(compare("P11", f"Search: {name}", took[name], lookup, most=300) for name in hard),
        *(compare("P18", f"Combined: {name}", took[name], lookup, most=300) for name in mixed),
        *(_no_cliff(took, where) for where in WHERE),
    ]


def _no_cliff(took: dict[str, float], where: str) -> Line:
    worst = max(WORDS, key=lambda name: took[f"{name}: {where}"])
    none = ("a word that nothing matches", took[f"none: {where}"])
    return compare("P12", f"The slowest word ({worst}): {where}", took[f"{worst}: {where}"], none, most=3)
