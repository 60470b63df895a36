"""Amounts in words, as invoices say them: "Dua puluh juta rupiah", "Twenty million rupiah"."""

from collections.abc import Callable

SMALL_ID = ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"]
SCALES_ID = ("", "ribu", "juta", "miliar", "triliun", "kuadriliun")
IRREGULAR_ID = {"satu belas": "sebelas", "satu puluh": "sepuluh", "satu ratus": "seratus", "satu ribu": "seribu"}
"""Where one is "se-"; of a thousand also inside of millions: satu juta seribu."""

SMALL_EN = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS_EN = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES_EN = ("", "thousand", "million", "billion", "trillion", "quadrillion")


def rupiah_in_words(amount: int, language: str) -> str:
    """Return an amount of rupiah in words, its first letter a capital; raises OverflowError from 10^18 on."""
    below_zero, hundreds, scales, zero = {
        "id": ("minus", _hundreds_id, SCALES_ID, SMALL_ID[0]),
    }.get(language, ("minus", _hundreds_en, SCALES_EN, SMALL_EN[0]))
    said = _said(abs(amount), hundreds, scales) or zero
    words = f"{below_zero} {said} rupiah" if amount < 0 else f"{said} rupiah"
    return words[0].upper() + words[1:]


def _said(number: int, hundreds: Callable[[int], str], scales: tuple[str, ...]) -> str:
    """Say a number by its groups of three digits, the highest first; "" for zero."""
    if number >= 1_000 ** len(scales):
        raise OverflowError(f"{number} has no words")
    groups = []
    for scale in scales:
        number, rest = divmod(number, 1_000)
        if rest:
            said = f"{hundreds(rest)} {scale}".strip()
            groups.append(IRREGULAR_ID.get(said, said))
    return " ".join(reversed(groups))


def _hundreds_id(number: int) -> str:
    """Say a number from 1 to 999 in Indonesian."""
    hundreds, rest = divmod(number, 100)
    said = [IRREGULAR_ID.get(f"{SMALL_ID[hundreds]} ratus", f"{SMALL_ID[hundreds]} ratus")] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        said += [f"{SMALL_ID[tens]} puluh", *([SMALL_ID[ones]] if ones else [])]
    elif rest >= 12:
        said.append(f"{SMALL_ID[rest - 10]} belas")
    elif rest:
        said.append(SMALL_ID[rest])
    return " ".join(said)


def _hundreds_en(number: int) -> str:
    """Say a number from 1 to 999 in English."""
    hundreds, rest = divmod(number, 100)
    said = [f"{SMALL_EN[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        said.append(TENS_EN[tens] + (f"-{SMALL_EN[ones]}" if ones else ""))
    elif rest:
        said.append(SMALL_EN[rest])
    return " ".join(said)
