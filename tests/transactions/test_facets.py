"""Words and filters find the same rows whichever way they are looked for, and facets spare reading the others."""

import random
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Q

from flipdash import histories
from flipdash.histories import History, finding
from flipdash.histories.paging import Cursor
from tests import factories
from transactions.models.base import ENDED_BADLY

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Jakarta"))
WORDS = ("Siti", "Budi", "Ayu", "CV Gayo", "İpek", "50%", "STRASSE", "Straße", "ayu_1")
WHY = ("other",)
SENT = ("successful", "failed", "cancelled", "processing")
KINDS = {
    "money-transfers": (
        factories.make_transfer,
        {
            "status": SENT,
            "destination_kind": ("bank", "va", "ewallet"),
            "bank": ("bca", "bri"),
            "via": ("api",),
            "reason": WHY,
        },
        {"status": "status", "destination_kind": "destination", "bank": "bank", "via": "via", "reason": "reason"},
        ("beneficiary_name", "remark"),
    ),
    "international-transfers": (
        factories.make_international,
        {"status": SENT, "country": ("SG", "JP"), "reason": WHY},
        {"status": "status", "country": "country", "reason": "reason"},
        ("beneficiary_name",),
    ),
    "payments": (
        factories.make_payment,
        {"status": SENT[:3], "channel_kind": ("va", "qris"), "reason": WHY},
        {"status": "status", "channel_kind": "channel", "reason": "reason"},
        ("title", "sender_name"),
    ),
}
SINGLE = {"bank", "country", "reason"}


@pytest.fixture(params=KINDS)
def name(request) -> str:
    return request.param


@pytest.fixture
def many(kopi_kita, name) -> random.Random:
    """Make 120 rows of every kind, some at the same moment, beside as many of another business and the other mode."""
    chance = random.Random(name)
    make, fields, _params, texts = KINDS[name]
    other = factories.make_business("Other")
    for number in range(120):
        said = {field: chance.choice(values) for field, values in fields.items()}
        said["reason"] = said["reason"] if said["status"] in ENDED_BADLY and number % 3 else ""
        said |= {text: f"{chance.choice(WORDS)} {chance.choice(WORDS)}" for text in texts}
        at = NOON - timedelta(minutes=number // 3)
        make(kopi_kita, created_at=at, **said)
        if number % 4 == 0:
            make(other, created_at=at, **said)
            make(kopi_kita, mode="test", created_at=at, **said)
    return chance


def queries(chance: random.Random, name: str) -> list[str]:
    """Return addresses with words, parts of words, and one or more of each filter."""
    _make, fields, params, _texts = KINDS[name]
    made = []
    for _number in range(40):
        said: list[tuple[str, str]] = []
        for field, param in params.items():
            count = chance.choice((0, 0, 1, 1 if field in SINGLE else 2))
            said += [(param, value) for value in chance.sample(fields[field], min(count, len(fields[field])))]
        if chance.random() < 0.6:
            words = chance.sample(WORDS, chance.choice((1, 2)))
            said.append(("q", " ".join(word[: chance.choice((2, 3, 9))] for word in words) + " " + words[0][:3]))
        if chance.random() < 0.3:
            said.append(("date_to", "2026-11-20"))
        made.append(urlencode(said))
    return made


def walked(history: History, name: str, query: str) -> list[int]:
    """Return the ids of all pages, following Older."""
    ids: list[int] = []
    page = history.page()
    while page.rows:
        ids += [row["id"] for row in page.rows]
        if not page.older_url:
            break
        place = Cursor.of(page.rows[-1]).sign(name, history.scope)
        page = factories.history(history.scope, f"{query}&before={place}", name).page()
    return ids


@pytest.mark.parametrize("nearest", [1, 10, 2_000])
def test_pages_counts_and_reports_agree_whichever_way_rows_are_found(scope, many, name, nearest, monkeypatch):
    monkeypatch.setattr(finding, "NEAREST", nearest)
    monkeypatch.setattr(finding, "GATHERED", nearest)
    for query in queries(many, name):
        history = factories.history(scope, query, name)
        assert history.is_valid, history.address.form.errors
        plain = history.visible_rows().filter(history.asked.said & history.asked.filtered())
        kept = list(plain.order_by("-created_at", "-id").values_list("pk", flat=True))
        assert walked(history, name, query) == kept, query
        assert history.count() == len(kept), query
        report = factories.history(scope, query, name)
        assert list(report.rows().values_list("pk", flat=True)) == kept, query


@pytest.mark.parametrize("name", histories.names())
def test_every_kept_filter_is_a_facet(name):
    """A filter of a few words that has no facet would have to walk to find what is rare."""
    history = histories.get(name)
    texts = [f for f in history.search if isinstance(f, histories.Text) and f.has_keys]
    chosen = {f.field for f in history.filters if isinstance(f, histories.ChoiceFilter)}
    searched = {f.field for f in history.search if isinstance(f, histories.ChoiceWords)}
    assert [set(text.index.facets) for text in texts] == ([chosen | searched] if texts else [])


@pytest.mark.parametrize("name", histories.names())
def test_rows_with_a_tag_have_an_index(name):
    """They are few among many: without one, the filter would read the whole business."""
    history = histories.get(name)
    for one in (f for f in history.filters if isinstance(f, histories.TagFilter)):
        kept = reduce(or_, (Q(**{f"{tag.field}__isnull": False}) for tag in one.tags))
        assert kept in [index.condition for index in history.model._meta.indexes]


@pytest.mark.parametrize("name", histories.names())
def test_every_code_is_in_the_index(name):
    history = histories.get(name)
    codes = {f.field for f in history.search if type(f) is histories.Code}
    assert [set(f.index.codes) for f in history.search if isinstance(f, histories.Text)] in ([codes], [])
