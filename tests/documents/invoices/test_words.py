"""Amounts in words (reference/pdf.md §6.4)."""

import pytest

from documents.invoices.words import rupiah_in_words

INDONESIAN = {
    0: "nol",
    1: "satu",
    10: "sepuluh",
    11: "sebelas",
    12: "dua belas",
    19: "sembilan belas",
    20: "dua puluh",
    21: "dua puluh satu",
    100: "seratus",
    111: "seratus sebelas",
    200: "dua ratus",
    999: "sembilan ratus sembilan puluh sembilan",
    1_000: "seribu",
    1_001: "seribu satu",
    1_100: "seribu seratus",
    2_000: "dua ribu",
    11_000: "sebelas ribu",
    21_000: "dua puluh satu ribu",
    100_000: "seratus ribu",
    101_000: "seratus satu ribu",
    1_000_000: "satu juta",
    1_001_000: "satu juta seribu",
    2_001_000: "dua juta seribu",
    1_001_001_000: "satu miliar satu juta seribu",
    1_234_567_890: "satu miliar dua ratus tiga puluh empat juta lima ratus enam puluh tujuh ribu "
    "delapan ratus sembilan puluh",
    10**12: "satu triliun",
    20_590_050: "dua puluh juta lima ratus sembilan puluh ribu lima puluh",
}
ENGLISH = {
    0: "zero",
    13: "thirteen",
    21: "twenty-one",
    100: "one hundred",
    1_001: "one thousand one",
    1_001_000: "one million one thousand",
    20_590_050: "twenty million five hundred ninety thousand fifty",
    103_037_750: "one hundred three million thirty-seven thousand seven hundred fifty",
}


@pytest.mark.parametrize(("amount", "words"), INDONESIAN.items())
def test_indonesian(amount, words):
    assert rupiah_in_words(amount, "id").lower() == f"{words} rupiah"


@pytest.mark.parametrize(("amount", "words"), ENGLISH.items())
def test_english(amount, words):
    assert rupiah_in_words(amount, "en").lower() == f"{words} rupiah"


def test_it_begins_with_a_capital_and_says_what_is_below_zero():
    assert rupiah_in_words(-2_500, "id") == "Minus dua ribu lima ratus rupiah"
    assert rupiah_in_words(2_500, "en") == "Two thousand five hundred rupiah"
    with pytest.raises(OverflowError):
        rupiah_in_words(10**18, "id")


def test_every_number_is_said_once_and_reads_back():
    """Another reader than the writer: it adds up what each word stands for."""
    seen = set()
    for amount in [*range(20_000), *range(1_000_000, 1_012_000, 7), 10**9 + 10**6 + 1_000, 987_654_321_012]:
        words = rupiah_in_words(amount, "id")
        assert read(words.lower().removesuffix(" rupiah").split()) == amount
        seen.add(words)
    assert len(seen) == 20_000 + len(range(1_000_000, 1_012_000, 7)) + 2


ONES = dict(
    zip(["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"], range(10), strict=True)
)
SCALES = {"ribu": 10**3, "juta": 10**6, "miliar": 10**9, "triliun": 10**12}


def read(words: list[str]) -> int:
    whole = group = last = 0
    for word in words:
        if word in ONES:
            last = ONES[word]
            group += last
        elif word in {"sepuluh", "sebelas", "seratus"}:
            group += {"sepuluh": 10, "sebelas": 11, "seratus": 100}[word]
        elif word == "seribu":
            whole += 1_000
        elif word == "belas":
            group += 10
        elif word in {"puluh", "ratus"}:
            group += last * ({"puluh": 10, "ratus": 100}[word] - 1)
        else:
            whole, group = whole + group * SCALES[word], 0
    return whole + group
