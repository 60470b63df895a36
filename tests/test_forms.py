"""One field for each thing that is typed: lines (trust.md V3), rupiah and passwords, the same in every form."""

import importlib
import pkgutil
import unicodedata
from collections.abc import Iterator

import pytest
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.sign_in import passwords
from accounts.sign_in.forms import SignUpForm
from flipdash.forms import LineField, RupiahField
from flipdash.lines import JOINERS, MOST_BYTES, NotALine, clean_line, is_unseen

APPS = ("accounts", "deposits", "developer", "documents", "flipdash", "imports", "transactions", "lists")

UNSEEN = {
    "abc\u202edef": "turns the direction",
    "abc\u2066def\u2069": "turns the direction",
    "abc\u200edef": "turns the direction",
    "abc\u061cdef": "turns the direction",
    "abc\u200bdef": "without width",
    "abc\u2060def": "without width",
    "abc\ufeffdef": "without width",
    "abc\u00addef": "without width",
    "\u3164": "without width",
    "adm\u200cin": "without width",
    "adm\u200din": "without width",
    "\u200cadmin": "without width",
    "a\x00b": "a control character",
    "a\x07b": "a control character",
    "a\x1b[31mb": "a control character",
    "a\x7fb": "a control character",
    "a\ud800b": "no font",
    "a\ue000b": "no font",
}
FOLDED = {
    "Cafe\u0301  Kopi": "Café Kopi",
    " a\tb\r\nc\u2028d\u00a0e ": "a b c d e",
    "می\u200cخواهم": "می\u200cخواهم",
    "👩\u200d🌾": "👩\u200d🌾",
    "Sri ’Aisyah–Łuczak": "Sri ’Aisyah–Łuczak",
    "نور": "نور",
}


def form_classes() -> set[type[forms.BaseForm]]:
    """Every form of ours, also of modules that nothing has imported yet."""
    skipped = {"management", "migrations", "wsgi", "reader", "__main__"}
    for app in APPS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if not skipped & set(module.name.split(".")):
                importlib.import_module(module.name)

    def below(kind: type) -> Iterator[type]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return {kind for kind in below(forms.BaseForm) if kind.__module__.split(".")[0] in APPS}


def text_fields() -> dict[str, forms.CharField]:
    return {
        f"{kind.__module__}.{kind.__name__}.{name}": field
        for kind in form_classes()
        for name, field in kind.base_fields.items()
        if isinstance(field, forms.CharField)
    }


LINES = {name: field for name, field in text_fields().items() if isinstance(field, LineField)}


def test_every_line_that_is_typed_is_a_line_field():
    """A bare CharField takes what nobody sees. Passwords are kept as typed; what has several lines isn't a line,
    and what is hidden isn't typed."""
    free = (forms.PasswordInput, forms.Textarea, forms.HiddenInput)
    bare = {
        name
        for name, field in text_fields().items()
        if type(field) is forms.CharField and not isinstance(field.widget, free)
    }
    assert bare == {
        "accounts.sign_in.forms.SignUpForm.username",  # which allauth takes away: people have no such name
        "developer.callbacks.forms.AddressForm.url",  # which is longer than a line, and judged by rules of its own
        "transactions.payments.forms.LinkForm.redirect_url",  # likewise
        "transactions.payments.forms.NewLinkForm.redirect_url",
    }


def test_the_walk_finds_the_forms():
    names = {name.rpartition(".")[0].rpartition(".")[2] for name in LINES}
    assert names >= {"SignUpForm", "AcceptForm", "DetailsForm", "ProfileForm", "PasskeyForm", "NewViewForm"}
    assert names >= {"TopUpForm", "TransferredForm", "ProposeForm", "WhyForm"}


@pytest.mark.parametrize("name", sorted(LINES))
def test_no_line_holds_what_nobody_sees_and_the_kind_is_named(name):
    for typed, kind in UNSEEN.items():
        with pytest.raises(ValidationError, match=f"can’t be seen: .*{kind}"):
            LINES[name].clean(typed)


@pytest.mark.parametrize("name", sorted(LINES))
def test_every_line_is_kept_in_one_form(name):
    for typed, kept in FOLDED.items():
        assert LINES[name].clean(typed) == kept


@pytest.mark.parametrize("name", sorted(LINES))
def test_every_line_has_an_end(name):
    most = LINES[name].max_length
    assert most
    with pytest.raises(ValidationError, match=f"at most {most} char"):
        LINES[name].clean("x" * (most + 1))
    with pytest.raises(ValidationError):
        LINES[name].clean("x" * 1_000_000)


def chosen_passwords() -> dict[str, forms.Field]:
    """Every field in which a password is chosen; allauth adds that of sign-up when its form is made."""
    return {
        f"{kind.__name__}.{name}": field
        for kind in form_classes()
        for name, field in (SignUpForm().fields if kind is SignUpForm else kind.base_fields).items()
        if isinstance(field.widget, forms.PasswordInput) and field.widget.attrs.get("autocomplete") == "new-password"
    }


def test_every_password_that_is_chosen_is_held_to_the_one_rule_and_says_the_one_hint():
    fields = chosen_passwords()
    assert set(fields) == {
        "SignUpForm.password1",
        "NewPasswordForm.password1",
        "PasswordForm.new_password",
        "AcceptForm.password",
    }
    for field in fields.values():
        assert type(field) is passwords.NewPasswordField
        assert field.help_text == passwords.HINT
        assert field.clean(" kopi susu tubruk ") == " kopi susu tubruk "
        for typed in ("", "elevenchars", "x" * 1_025, "qwerty123456"):
            with pytest.raises(ValidationError):
                field.clean(typed)


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_hint_names_the_length_that_the_rule_asks_for(language):
    least = next(rule["OPTIONS"]["min_length"] for rule in settings.AUTH_PASSWORD_VALIDATORS if "OPTIONS" in rule)
    with translation.override(language):
        assert f" {least} " in str(passwords.HINT)


def test_a_line_is_counted_in_bytes_as_well():
    assert clean_line("𝄞" * (MOST_BYTES // 4)) == "𝄞" * (MOST_BYTES // 4)
    for typed in ("𝄞" * (MOST_BYTES // 4 + 1), "x" * (MOST_BYTES + 1), "\u0958" * (MOST_BYTES // 6 + 1)):
        with pytest.raises(NotALine, match="too long"):
            clean_line(typed)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" \t\u0301\u200d\u0f71\u0f72\u2001")), max_size=60))
def test_a_line_that_is_kept_is_kept_as_it_is_the_next_time(typed):
    try:
        line = clean_line(typed)
    except NotALine:
        return
    assert clean_line(line) == line
    assert line == unicodedata.normalize("NFC", line)
    assert not [letter for letter in line if is_unseen(letter) and letter not in JOINERS]


def test_what_is_wrong_with_a_line_is_said_in_indonesian():
    with translation.override("id"), pytest.raises(NotALine, match="tidak terlihat: tanda yang membalik arah tulisan"):
        clean_line("abc\u202edef")


def test_rupiah_are_read_one_way_with_one_message():
    fields = {name: field for name, field in text_fields().items() if isinstance(field, RupiahField)}
    names = {name.rpartition(".")[0].rpartition(".")[2] for name in fields}
    assert names >= {"SecondPersonForm", "TopUpForm", "LowBalanceForm"}
    for field in fields.values():
        for written in ("Rp5.000.000", "5,000,000", " 5000000 ", "5.000.000,-"):
            assert field.clean(written) == 5_000_000
        if field.required:
            with pytest.raises(ValidationError, match="required"):
                field.clean("")
        else:
            assert field.clean("") == field.empty
        for wrong in ("5juta", "-1", "1e9", "1\u200b000", "5000000.50", "1.5.0", "9" * 16, "x" * 41):
            with pytest.raises(ValidationError, match=r"Write the amount in digits|at most 40 characters"):
                field.clean(wrong)


@pytest.mark.parametrize(
    "words",
    [
        ("bank_account", "bca", "5440117703", "PT\u202eFlip"),
        ("make_operator", "o@x.test", "--name", "Ol\u200bga"),
    ],
)
def test_what_is_typed_at_the_terminal_is_held_to_the_same(words):
    with pytest.raises(CommandError, match="can’t be seen"):
        call_command(*words)
