"""Searches that nobody planned: 5,000 at random, and words built to be slow, with the page of the next person.

The random ones are drawn from what the rows hold: ids, accounts, amounts, names, fragments of them, with typing errors,
digits, two words, and rare filters. Of the slowest the plan is written to var/bench/results-full/slowest.txt.
"""

import random
import statistics
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from bench.cluster import HOME
from bench.measure import Act, Line, medians, milliseconds
from bench.rows import BIG, ODD, SMALL
from bench.subject import Bench, statements
from flipdash import db
from flipdash.scope import Scope
from transactions.models import MoneyTransfer
from transactions.transfers.history import TransferHistory

COUNT, SEED, SLOW_ROUNDS = 5_000, 20_261_125, 9
FILTERS = ("status=failed", "status=cancelled", "via=api", "bank=sulselbar", "destination=va", "date_from=2026-10-01")
SLOW = {
    "%": "%%%",
    "_": "___",
    "three common letters": "adi",
    "200 words": " ".join(["budi"] * 200),
    "10 kB": "budi" * 2_500,
    "digits that are part of everything": "000",
    "eight common parts": "san udi wij ant tos kus put lest",
}


def lines(bench: Bench) -> list[Line]:
    """Search at random, then with malice."""
    return [*_random(bench), *_slow(bench)]


def _random(bench: Bench) -> Iterator[Line]:
    chance = random.Random(SEED)  # noqa: S311  (which words are searched is no secret)
    scopes = {slug: bench.scope(slug) for slug in (BIG, ODD, SMALL)}
    samples = {slug: _samples(scope, chance) for slug, scope in scopes.items()}
    count = COUNT if bench.count > 1_000_000 else 300
    took: list[tuple[float, str, str]] = []
    for _number in range(count):
        slug = chance.choice(list(scopes))
        query = _query(chance, chance.choice(samples[slug]))
        history = bench.history(slug, query)
        took.append((milliseconds(partial(_page, history)), slug, query))
    took.sort()
    stopped = sum(time_ >= settings.HISTORY_TIMEOUT_MS for time_, _slug, _query_ in took)
    times = [milliseconds_ for milliseconds_, _slug, _query_ in took]
    slowest, slug, query = took[-1]
    _explain(bench, slug, query, slowest)
    yield Line(
        "",
        f"{count:,} random searches (with Django): median, p99, slowest",
        f"{statistics.median(times):.1f} / {times[int(count * 0.99)]:.0f} / {slowest:.0f} ms",
        f"slowest: {query} in {slug}; {stopped} were stopped after 2 s and answered with advice",
    )


def _page(history: TransferHistory) -> None:
    """Find the rows of a page within the limit that a person's page has."""
    with suppress(db.TooSlow), db.time_limit(settings.HISTORY_TIMEOUT_MS):
        history.page()


def _samples(scope: Scope, chance: random.Random) -> list[MoneyTransfer]:
    """Return transfers of every age."""
    newest = MoneyTransfer.objects.visible_to(scope)
    first, last = (
        newest.order_by(order).values_list("created_at", flat=True)[0] for order in ("created_at", "-created_at")
    )
    found: list[MoneyTransfer] = []
    for _number in range(60):
        moment = first + (last - first) * chance.random()
        found += newest.filter(created_at__lte=moment).order_by("-created_at", "-id")[:10]
    return found


def _query(chance: random.Random, row: MoneyTransfer) -> str:
    words = f"{row.beneficiary_name} {row.remark}".split()
    word = max(chance.sample(words, min(2, len(words))), key=len)
    start = chance.randrange(max(1, len(word) - 3))
    typing_error = f"{word[:2]}{chance.choice('aeioxyz')}{word[2:]}"
    terms = (
        str(row.pk), row.account_number, row.account_number[:6], row.account_number[-4:], str(row.amount),
        row.beneficiary_name, row.remark, word, word[start : start + 4], typing_error, f"{word} {words[0]}",
        str(chance.randrange(100, 100_000)),
    )  # fmt: skip
    term = next((t for t in chance.sample(terms, len(terms)) if max(map(len, t.split()), default=0) >= 3), "budi")
    query = f"q={quote(term[:190])}" + ("&in=text" if chance.random() < 0.1 else "")
    filters = chance.sample(FILTERS, chance.choice((1, 1, 2))) if chance.random() < 0.2 else []
    return "&".join([query, *filters])


def _explain(bench: Bench, slug: str, query: str, took: float) -> None:
    history = bench.history(slug, query)
    with statements() as made:
        _page(history)
    text = [f"{took:.0f} ms: {query} in {slug}"]
    for sql, params in made:
        if sql.startswith("EXPLAIN") or "transactions_" not in sql:
            continue
        with connection.cursor() as cursor:
            # One that runs into the limit as a page is let run to its end here.
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
            text.append("\n".join(line for (line,) in cursor.fetchall()))
    (HOME / "results-full").mkdir(exist_ok=True)
    (HOME / "results-full" / "slowest.txt").write_text("\n\n".join(text))


def _slow(bench: Bench) -> Iterator[Line]:
    """Ask the page for each, and look whether the next person's page is slower than another one before it."""
    stranger, next_person = bench.client(BIG), bench.client(SMALL)

    def slow_page(term: str) -> None:
        response = stranger.get("/money-transfers/", {"q": term, "in": "text"})
        assert response.status_code == 200

    def next_page() -> None:
        assert next_person.get("/money-transfers/").status_code == 200

    for name, term in SLOW.items():
        acts: dict[str, Act] = {"before": next_page, "slow": partial(slow_page, term), "after": next_page}
        took = medians(acts, SLOW_ROUNDS)
        ratio = took["after"] / took["before"]
        yield Line(
            "",
            f"The next person's page after what is built to be slow: {name} ({took['slow']:,.0f} ms)",
            f"{took['after']:.1f} ms",
            f"the same page before it, {took['before']:.1f} ms",
            round(ratio, 1),
            "≤ 1.5×",
            ratio <= 1.5,
        )
