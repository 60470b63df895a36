"""Searches that nobody planned: twice 5,000 at random, and words built to be slow, with the page of the next person.

The random ones are drawn from what the rows hold: ids, accounts, amounts, names, fragments of them, with typing
errors, digits, two words, and rare filters; and then two to four words of different kinds. What was slowest is asked
three times more, and its median counts, for a busy moment makes any search slow. Plans of the slowest are kept beside
the results.
"""

import random
import statistics
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.measure import Act, Line, medians, milliseconds
from bench.rows import BIG, ODD, SMALL
from bench.subject import Bench, statements
from flipdash import db, money
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, Status
from transactions.transfers.history import TransferHistory

COUNT, QUICK_COUNT, SEED, SLOW_ROUNDS = 5_000, 300, 20_261_125, 9
AGAIN, SHOWN = 30, 5
"""How many of the slowest are asked again, and of how many plans are kept."""
SLOWEST = 300
"""Milliseconds that the slowest may take."""
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
    return [
        _random(bench, "random searches", _query, SEED),
        _random(bench, "random searches of two to four kinds of words", _combined, SEED + 1),
        *_slow(bench),
    ]


def _random(bench: Bench, what: str, draw: Callable[[random.Random, MoneyTransfer], str], seed: int) -> Line:
    chance = random.Random(seed)  # noqa: S311  (which words are searched is no secret)
    scopes = {slug: bench.scope(slug) for slug in (BIG, ODD, SMALL)}
    samples = {slug: _samples(scope, chance) for slug, scope in scopes.items()}
    count = COUNT if bench.count > 1_000_000 else QUICK_COUNT
    took: list[tuple[float, str, str]] = []
    for _number in range(count):
        slug = chance.choice(list(scopes))
        query = draw(chance, chance.choice(samples[slug]))
        took.append((milliseconds(partial(_page, bench.history(slug, query))), slug, query))
    took.sort()
    for place, (_once, slug, query) in enumerate(took[-AGAIN:], start=count - min(AGAIN, count)):
        again = [milliseconds(partial(_page, bench.history(slug, query))) for _round in range(3)]
        took[place] = (statistics.median(again), slug, query)
    took.sort()
    times = [milliseconds_ for milliseconds_, _slug, _query_ in took]
    stopped = sum(time_ >= settings.HISTORY_TIMEOUT_MS for time_ in times)
    slowest, slug, query = took[-1]
    _explain(bench, what, took[-SHOWN:])
    return Line(
        "P10" if draw is _query else "P18",
        f"{count:,} {what} (with Django): median, p99, slowest",
        f"{statistics.median(times):.1f} / {times[int(count * 0.99)]:.0f} / {slowest:.0f} ms",
        f"slowest: {query} in {slug}; {stopped} were stopped after 2 s and answered with advice",
        None,
        f"slowest ≤ {SLOWEST} ms",
        slowest <= SLOWEST,
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


def _combined(chance: random.Random, row: MoneyTransfer) -> str:
    """Draw words of two to four kinds, most of which this row has; "sri 1850000", "gagal 27 okt 2026 bca"."""
    day = timezone.localtime(row.created_at, ZoneInfo("Asia/Jakarta"))
    words = f"{row.beneficiary_name} {row.remark}".split()
    kinds: list[tuple[str, ...]] = [
        (chance.choice(words), chance.choice(words)[:4], chance.choice(("pt", "cv", "dan", "budi", "INV", "zulaikha"))),
        (str(row.amount), money.rupiah(row.amount), "Rp100.000", row.account_number, row.account_number[-4:]),
        (chance.choice(Status.words()[row.status]), "gagal", "dibatalkan", "successful"),
        (row.bank, "bca", "bank sulselbar", "mandiri"),
        (f"{day:%d %b %Y}", f"{day:%Y-%m-%d}", f"{day:%b %Y}", f"{day:%Y}", "kemarin", "last month", "tahun lalu"),
    ]
    chosen = chance.sample(kinds, chance.choice((2, 2, 3, 4)))
    return f"q={quote(' '.join(chance.choice(kind) for kind in chosen)[:190])}"


def _explain(bench: Bench, what: str, slowest: list[tuple[float, str, str]]) -> None:
    """Write down how Postgres answered the slowest searches, the slowest first."""
    text = []
    for took, slug, query in reversed(slowest):
        history = bench.history(slug, query)
        with statements() as made:
            _page(history)
        text.append(f"{took:.0f} ms: {query} in {slug}")
        for sql, params in made:
            if sql.startswith("EXPLAIN") or "transactions_" not in sql:
                continue
            with connection.cursor() as cursor:
                # One that runs into the limit as a page is let run to its end here.
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
                text.append("\n".join(line for (line,) in cursor.fetchall()))
    bench.results.mkdir(parents=True, exist_ok=True)
    (bench.results / f"slowest {what}.txt").write_text("\n\n".join(text))


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
