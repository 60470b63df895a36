"""What is no password: whatever is guessed first, and what is known of the person."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts import demo
from accounts.sign_in import passwords
from accounts.sign_in.passwords import NewPasswordField, Weakness, refuse_personal, weakness_of

KNOWN = ("Ratna Sari Dewi", "ratna@kopikita.test", "Kopi Kita")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("123456789012", Weakness.ROW),
        ("qwertyuiopas", Weakness.COMMON),
        ("1q2w3e4r5t6y", Weakness.COMMON),
        ("P@ssw0rd1234", Weakness.COMMON),
        ("081234567890", Weakness.COMMON),
        ("0812 3456 7890", Weakness.COMMON),
        ("passwordpassword", Weakness.REPEATED),
        ("aaaaaaaaaaaa", Weakness.REPEATED),
        ("abcabcabcabc", Weakness.REPEATED),
        ("zxcvbnm,./as", Weakness.ROW),
        ("1234567890-=", Weakness.ROW),
        ("abcdefghijkl", Weakness.ROW),
        ("27111999", Weakness.DATE),
        ("indonesia123", Weakness.SHORT),
        ("Rahasia-12345", Weakness.SHORT),
        ("k a t a s a n d i 1", Weakness.SHORT),
    ],
)
def test_what_is_guessed_first_is_refused_with_what_to_change(password, why):
    assert weakness_of(password) is why


@pytest.mark.parametrize(
    "password",
    [
        "ratna@kopikita.test",
        "ratna.sari.dewi",
        "RatnaSariDewi1",
        "r a t n a d e w i",
        "kopikita-admin",
        "kopi kita 2026",
        "kopikitakopikita",
        "Dewi-Kopikita-26",
    ],
)
def test_what_is_known_of_a_person_is_refused(password):
    assert weakness_of(password, KNOWN) is not None
    with pytest.raises(ValidationError):
        refuse_personal(password, *KNOWN)


def test_the_person_is_blamed_only_where_nothing_else_is_wrong():
    assert weakness_of("kopi kita 2026", KNOWN) is Weakness.PERSONAL
    assert weakness_of("passwordpassword", KNOWN) is Weakness.REPEATED


@pytest.mark.parametrize(
    "password",
    [
        "gula aren dua sendok",
        "tiga-kucing-makan-ikan",
        "kucing hitam lari",
        "x7$kQ9!mZp2w",
        "x-7.kQ_9 mZ/p2",
        "王小明喜欢喝很浓的黑咖啡",
        "correct-horse-battery",
        " kopi susu tubruk ",
    ],
)
def test_unrelated_words_and_dice_are_taken(password):
    assert NewPasswordField("Password").clean(password) == password
    assert refuse_personal(password, *KNOWN) == password


def test_the_demo_password_is_good_enough_for_everybody_in_the_demo():
    NewPasswordField("Password").clean(demo.DEMO_PASSWORD)
    for business in demo.BUSINESSES:
        for role, name in business.people.items():
            refuse_personal(demo.DEMO_PASSWORD, name, business.email(role), business.name, business.legal_name)


def test_one_thing_is_said_at_a_time_about_a_long_or_a_common_one():
    for password in ("x" * 5_000, "qwerty123456"):
        with pytest.raises(ValidationError) as refused:
            NewPasswordField("Password").clean(password)
        assert len(refused.value.messages) == 1


def test_a_very_long_one_is_judged_by_its_beginning(monkeypatch):
    asked = []
    real = passwords.zxcvbn
    monkeypatch.setattr(passwords, "zxcvbn", lambda text, words: asked.append(text) or real(text, words))
    assert weakness_of("tiga kucing makan ikan " * 40) is not Weakness.COMMON
    assert max(map(len, asked)) <= passwords.MOST_JUDGED


@pytest.mark.parametrize("weakness", Weakness)
def test_each_reason_says_what_to_do_in_both_languages(weakness):
    with translation.override("en"):
        english = str(weakness.label)
    with translation.override("id"):
        assert str(weakness.label) != english
    assert any(word in english for word in ("Use ", "Add ", "work well"))
