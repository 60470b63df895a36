"""Bahasa Indonesia is complete: what is marked for translation has one, and pages show it."""

import io
from datetime import date

import pytest
from babel.messages.mofile import write_mo
from django.utils import translation
from django.utils.dates import MONTHS, MONTHS_3, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format

from devtools import messages
from tests.factories import make_transfer


def test_every_text_has_its_translation():
    catalog = messages.read()
    assert messages.untranslated(catalog) == []
    missing = [message for message, _place in messages.messages() if message not in catalog]
    assert missing == [], "run `make messages`, then translate what is new in locale/"


def test_no_word_of_ours_takes_the_place_of_a_month_or_a_day():
    """They are texts as any other: "May" was what a role may do, and so invoices were of "Boleh 2026"."""
    names = {*MONTHS.values(), *MONTHS_3.values(), *WEEKDAYS.values(), *WEEKDAYS_ABBR.values()}
    with translation.override("en"):
        english = {str(name) for name in names}
    ours = {str(message.id) for message in messages.read()} & english
    with translation.override("id"):
        months = [date_format(date(2026, month, 1), "F") for month in range(1, 13)]
    assert ours <= {str(day) for day in WEEKDAYS.values()}
    assert months[:6] == ["Januari", "Februari", "Maret", "April", "Mei", "Juni"]


def test_the_compiled_catalog_is_the_written_one():
    compiled = io.BytesIO()
    write_mo(compiled, messages.read())
    assert messages.CATALOG.with_suffix(".mo").read_bytes() == compiled.getvalue()


def test_placeholders_are_kept():
    import re

    def names(text):
        return sorted(re.findall(r"%\(\w+\)[sd]|%[sd]", text))

    for message in messages.read():
        one = message.id[0] if isinstance(message.id, tuple) else message.id
        many = message.id[1] if isinstance(message.id, tuple) else message.id
        for text in message.string if isinstance(message.string, tuple) else (message.string,):
            assert not message.id or names(text) in (names(one), names(many)), message.id


@pytest.mark.django_db
def test_the_history_reads_indonesian(web, admin, kopi_kita):
    make_transfer(kopi_kita, status="failed")
    admin.user.language = "id"
    admin.user.save()
    content = web.get("/money-transfers/").content.decode()
    for word in ("Riwayat Transaksi", "Gagal", "Buat Laporan", "Nomor Rekening", "Keluar"):
        assert word in content
    for word in ("Transaction History", ">Failed", "Create Report", "Account Number", "Sign out"):
        assert word not in content


def test_texts_inside_of_tags_are_collected_too():
    source = '{% include "x" with label=_("Note") text=seen|default:_("Never") %}{% table_head "" _("Date") %}'
    assert list(messages._in_template(source)) == ["Note", "Never", "Date"]
