"""What only International Transfer → Transaction History knows: countries, foreign amounts, a search by two fields."""

from decimal import Decimal

import pytest
from django.utils import translation

from tests import factories
from tests.factories import make_international
from transactions.models import Corridor

pytestmark = pytest.mark.django_db
NAME = "international-transfers"


def found(scope, query=""):
    return factories.found(scope, query, NAME)


@pytest.fixture
def mei_ling(kopi_kita):
    return make_international(
        kopi_kita,
        beneficiary_name="Tan Mei Ling",
        account_number="7766554433",
        amount=12_345_679,
        internal_reference="PO-2026-77",
        beneficiary_bank="DBS Bank",
    )


@pytest.fixture(autouse=True)
def others(kopi_kita, mei_ling):
    make_international(
        kopi_kita,
        beneficiary_name="Kenji Sato",
        country="JP",
        currency="JPY",
        amount_received=Decimal(98_000),
        account_number="1112223334",
        amount=10_000_000,
        status="failed",
    )


@pytest.mark.parametrize("word", ["mei", "LING", "tan mei ling", "ling tan"])
def test_a_name_finds_its_transfer(scope, mei_ling, word):
    assert found(scope, f"q={word}") == [mei_ling.pk]


@pytest.mark.parametrize("word", ["7766554433", "4433", "12345679", "Rp12.345.679", "DBS", "PO-2026", "singapore"])
def test_nothing_else_is_searched(scope, word):
    """product.md §2: Transaction ID and Beneficiary Name."""
    assert found(scope, f"q={word}") == []


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("beneficiary=mei", True),
        ("beneficiary=LING tan", True),
        ("beneficiary=kenji", False),
        ("country=SG", True),
        ("country=JP", False),
        ("country=LV", False),
        ("status=successful&country=SG&beneficiary=tan", True),
        ("q=tan&beneficiary=mei", True),
        ("q=tan&country=JP", False),
    ],
)
def test_filters_keep_what_they_name(scope, mei_ling, query, hit):
    assert (mei_ling.pk in found(scope, query)) is hit


@pytest.mark.parametrize("query", ["country=ID", "country=sg", "country=moon", "beneficiary=a", "date_basis=completed"])
def test_a_wrong_filter_shows_nothing(scope, query):
    assert not factories.history(scope, query, NAME).is_valid
    assert found(scope, query) == []


def test_countries_are_offered_by_name_in_the_readers_language(scope):
    history = factories.history(scope, "country=KR", NAME)
    with translation.override("id"):
        options = dict(history.address.form.fields["country"].choices)
        assert (options["KR"], options["GB"]) == ("Korea Selatan", "Inggris Raya")
        assert history.chips()[0].words == "Korea Selatan"
    assert len(options) - 1 == Corridor.objects.count()


def test_foreign_amounts_are_shown_with_the_decimals_of_their_currency(web):
    content = web.get("/international-transfers/").content.decode()
    assert "SGD 1,000.00" in content
    assert "JPY 98,000<" in content
    assert "Japan" in content


def test_sums_are_never_added_up_across_currencies(scope, kopi_kita, mei_ling):
    make_international(kopi_kita, amount=1, fee=2, amount_received=Decimal("0.07"))
    history = factories.history(scope, "", NAME)
    assert history.summary.heads() == ("Status", "Currency", "Rows", "Amount Sent", "Fee", "Amount Received")
    assert [history.summary.line(row) for row in history.totals()] == [
        ("Successful", "SGD", 2, 12_345_680, 75_002, Decimal("1000.07")),
        ("Failed", "JPY", 1, 10_000_000, 75_000, Decimal(98_000)),
    ]
    assert str(history.summary.line(history.totals()[1])[-1]) == "98000"
