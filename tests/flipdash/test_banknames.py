"""The same bank in five systems."""

from collections import Counter

import pytest

from flipdash import banknames
from transactions import destinations


@pytest.mark.parametrize(
    "word",
    [
        "bni",
        "BNI",
        "009",
        "9",
        "BNINIDJA",
        "BNINIDJAXXX",
        "bninidja",
        "PT Bank Negara Indonesia (Persero) Tbk",
        "BNI 46",
    ],
)
def test_a_bank_is_known_in_each_system(word):
    found = banknames.find(word)
    assert found is not None
    assert found.code == "bni"


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Bank Mandiri (Persero)", "mandiri"),
        ("mandiri syariah", "bsm"),
        ("451", "bsm"),
        ("STANDARD_CHARTERED", "standard_chartered"),
        ("ID_BCA", "bca"),
        ("Bank  Jago", "artos"),
        ("BCA Syariah", "bca_syr"),
    ],
)
def test_names_of_others(word, code):
    found = banknames.find(word)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("word", ["", "1", "999", "0009", "1234567", "Bank Antah", "CENAXXXX", "٠٠٩"])
def test_what_is_no_bank_is_none(word):
    assert banknames.find(word) is None
    assert banknames.words_for(word) == frozenset()


def test_all_words_for_one():
    assert {"014", "CENAIDJA", "BCA", "Bank Central Asia"} <= banknames.words_for("bca")


def test_codes_are_flips_and_nothing_means_two_banks():
    assert {bank.code for bank in banknames.BANKS} <= set(destinations.BANKS)
    words = [banknames.plain(word) for bank in banknames.BANKS for word in {*map(banknames.plain, bank.names)}]
    for counted in (words, [b.bi for b in banknames.BANKS], [b.bic for b in banknames.BANKS if b.bic]):
        assert [word for word, count in Counter(counted).items() if count > 1] == []
    for bank in banknames.BANKS:
        assert len(bank.bi) == 3
        assert len(bank.bic) in (0, 8)
        assert banknames.find(bank.code) is bank
