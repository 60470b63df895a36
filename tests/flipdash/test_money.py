from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from flipdash import world
from flipdash.money import NotAnAmount, decimal, foreign, number, parse_rupiah, rupiah

READ = {
    "0": 0,
    "1": 1,
    "100": 100,
    "999": 999,
    "1000": 1_000,
    "1.000": 1_000,
    "1,000": 1_000,
    "1250000": 1_250_000,
    "1.250.000": 1_250_000,
    "1,250,000": 1_250_000,
    "Rp1250000": 1_250_000,
    "Rp1.250.000": 1_250_000,
    "Rp 1.250.000": 1_250_000,
    "Rp. 1.250.000": 1_250_000,
    "Rp.1.250.000": 1_250_000,
    "RP1.250.000": 1_250_000,
    "rp1.250.000,00": 1_250_000,
    "rp 1250000": 1_250_000,
    "Rp1,250,000": 1_250_000,
    "Rp\u00a01.250.000": 1_250_000,
    "\u202fRp\u202f1.250.000\u00a0": 1_250_000,
    "  1250000  ": 1_250_000,
    "\t1250000\n": 1_250_000,
    "IDR 1,250,000.00": 1_250_000,
    "IDR1250000": 1_250_000,
    "idr 1.250.000": 1_250_000,
    "Rp1.250.000,-": 1_250_000,
    "1250000,-": 1_250_000,
    "1250000.00": 1_250_000,
    "1250000,00": 1_250_000,
    "1250000.0": 1_250_000,
    "1.250.000,0": 1_250_000,
    "0,00": 0,
    "12.345.678.901": 12_345_678_901,
    "999999999999999": 999_999_999_999_999,
    "999.999.999.999.999": 999_999_999_999_999,
}

REFUSED = [
    "",
    "   ",
    "Rp",
    "IDR ",
    "-50000",
    "−50000",
    "+50000",
    "(50000)",
    "Rp-50.000",
    "-Rp50.000",
    "1E+15",
    "1e9",
    "1E9",
    "1,5E+06",
    "1.25E+06",
    "1.25",
    "1,25",
    "1.2",
    "1250000.50",
    "1.250.000,50",
    "1,2,3",
    "1.2.3",
    "12.34.567",
    "1250.000",
    "1.2500.000",
    "1.250,000",
    "1,250.000",
    "1.250.000.00",
    "1,250,000,00",
    "0.250",
    "0.000.001",
    ".500",
    "500.",
    "1 250 000",
    "1'250'000",
    "1_250_000",
    "１２５００００",
    "١٢٥٠",
    "²",
    "0x10",
    "NaN",
    "inf",
    "1250000 IDR",
    "$1,250",
    "USD 10",
    "Rp Rp 10",
    "sejuta",
    "12AB34",
    "1\n000",
    "1\u200b000",
    "1\0",
    "9" * 16,
    "1.999.999.999.999.999",
    "9" * 10_000,
]


def test_at_least_sixty_spellings_are_tried():
    assert len(READ) + len(REFUSED) >= 60


@pytest.mark.parametrize(("written", "amount"), READ.items())
def test_amounts_are_read(written, amount):
    assert parse_rupiah(written) == amount


@pytest.mark.parametrize("written", REFUSED)
def test_what_is_not_certainly_an_amount_is_refused(written):
    with pytest.raises(NotAnAmount) as refused:
        parse_rupiah(written)
    assert str(refused.value)


@pytest.mark.parametrize("value", [True, 1.5, 1250000, 1e15, None, b"10"])
def test_only_text_is_read(value):
    with pytest.raises(NotAnAmount):
        parse_rupiah(value)


def test_a_shortened_number_is_named_as_such():
    with pytest.raises(NotAnAmount, match="spreadsheet has shortened"):
        parse_rupiah("1E+15")


@pytest.mark.parametrize(
    ("amount", "language", "written"),
    [
        (1_240_500, "id", "Rp1.240.500"),
        (1_240_500, "en", "Rp1,240,500"),
        (1_240_500, "id-id", "Rp1.240.500"),
        (-2_500, "id", "−Rp2.500"),
        (-2_500, "en", "−Rp2,500"),
        (0, "en", "Rp0"),
        (9_007_199_254_740_993, "id", "Rp9.007.199.254.740.993"),
    ],
)
def test_amounts_are_written_in_the_language(amount, language, written):
    assert rupiah(amount, language) == written


def test_the_active_language_is_the_default():
    with translation.override("id"):
        assert (rupiah(1_000), number(10_000)) == ("Rp1.000", "10.000")
    with translation.override("en"):
        assert (rupiah(1_000), number(10_000)) == ("Rp1,000", "10,000")
    with translation.override(None):
        assert number(10_000) == "10,000"


@given(st.integers(0, 999_999_999_999_999), st.sampled_from(["en", "id"]))
def test_what_is_written_can_be_read(amount, language):
    assert parse_rupiah(rupiah(amount, language)) == amount
    assert parse_rupiah(number(amount, language)) == amount
    assert parse_rupiah(str(amount)) == amount


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_refused(written):
    try:
        amount = parse_rupiah(written)
    except NotAnAmount:
        return
    assert 0 <= amount < 10**15


@pytest.mark.parametrize(
    ("amount", "currency", "language", "written"),
    [
        ("1250.5", "SGD", "en", "SGD 1,250.50"),
        ("1250.500", "SGD", "id", "SGD 1.250,50"),
        ("98000.000", "JPY", "en", "JPY 98,000"),
        ("98000", "KRW", "id-id", "KRW 98.000"),
        ("0.07", "EUR", "id", "EUR 0,07"),
        ("1234567.125", "KWD", "en", "KWD 1,234,567.125"),
        ("-3", "USD", "en", "USD −3.00"),
    ],
)
def test_foreign_amounts_have_the_decimals_of_their_currency(amount, currency, language, written):
    assert foreign(Decimal(amount), currency, language) == written


def test_a_figure_keeps_its_decimals():
    assert decimal(Decimal("19000.5500"), "en") == "19,000.5500"
    assert decimal(Decimal("19000"), "id") == "19.000"


def test_countries_are_named_in_the_active_language():
    for language, name in (("en", "Singapore"), ("id", "Singapura"), ("id-id", "Singapura")):
        with translation.override(language):
            assert world.country_name("SG") == name
    assert world.country_name("??") == "??"
