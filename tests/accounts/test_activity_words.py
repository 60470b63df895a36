"""The Activity Log reads as words: every kind of event, what it is about, and what was changed."""

import pytest
from django.utils import translation

from accounts.activity import words as activity
from accounts.activity.kinds import OF_ACCOUNT
from accounts.activity.recording import keep
from accounts.models import Activity
from documents.reports import services
from flipdash import events, rls


def test_every_kind_of_event_is_about_something_that_has_words():
    assert {events.area_of(kind) for kind in events.kinds()} == set(events.areas())


def test_changes_read_as_before_and_after():
    facts = {
        "changes": {"name": {"old": "Kopi", "new": "Kopi Kita"}, "require_second_factor": {"old": False, "new": True}},
        "amount": 1_000_417,
        "rows": 12_000,
    }
    assert activity.facts_in_words(facts) == [
        ("Name", "Kopi → Kopi Kita"),
        ("Two-step verification required", "no → yes"),
        ("Amount", "Rp1,000,417"),
        ("Rows", "12,000"),
    ]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"old": "maker", "new": "approver"}, "Maker → Approver"),
        ({"before": None, "after": 1_000_000}, "– → 1,000,000"),
        (
            {"old": {"required": True, "from_rupiah": 5_000_000}, "new": {"required": False, "from_rupiah": 0}},
            "Required: yes, From: Rp5,000,000 → Required: no, From: Rp0",
        ),
    ],
)
def test_what_was_and_what_is_now_are_one_fact(facts, words):
    assert activity.facts_in_words(facts) == [("Changed", words)]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", OF_ACCOUNT)
def test_events_of_people_stand_in_live_mode_whichever_page_they_come_from(admin, kind, monkeypatch):
    monkeypatch.setattr(events, "_handlers", [keep])
    events.record(admin.scope("test"), kind)
    assert Activity.objects.get(kind=kind).mode == "live"


@pytest.mark.django_db
def test_what_belongs_to_a_mode_stands_in_it(admin):
    events.record(admin.scope("test"), "report.made")
    assert Activity.objects.get(kind="report.made").mode == "test"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", [("Asked for", "Money Transfer · Failed · all dates"), ("Format", ".xls")]),
        ("id", [("Diminta", "Transfer Uang · Gagal · semua tanggal"), ("Format", ".xls")]),
    ],
)
def test_a_report_is_told_in_the_readers_words(admin, language, expected):
    with rls.inside(admin.scope("live")):
        services.request_report(admin.scope("live"), history="money-transfers", query="status=failed", format="xls")
    facts = Activity.objects.get(kind="report.requested").facts
    with translation.override(language):
        assert activity.facts_in_words(facts) == expected


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"history": "money-transfers"}, [("History", "Money Transfer")]),
        ({"history": "deposit"}, [("History", "Deposit History")]),
        ({"history": "gone"}, [("History", "gone")]),
        ({"channel": "whatsapp"}, [("Sent by", "WhatsApp")]),
        ({"step": "code"}, [("Step", "code of the second step")]),
    ],
)
def test_facts_are_words_and_no_names_of_machines(facts, words):
    assert activity.facts_in_words(facts) == words
