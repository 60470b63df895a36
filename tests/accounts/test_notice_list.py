"""The bell: what people were told by mail stands in the page too, each for themselves, and is seen once (issue 15)."""

from datetime import timedelta

import pytest

from accounts.models import Member, Notice
from accounts.permissions import Role
from accounts.profile import notices
from flipdash import numbered, rls
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "operator"])
URL = "https://flipdash.test/approvals/?batch=7"


def tell(member: Member, mode: str = "live", **context) -> None:
    with rls.inside_of(member.business_id, mode):
        known = {"count": 3, "amount": 85_000, "who": "Bayu <b>"}
        notices.tell(member, "outcome", "transfers_approved", mode=mode, url=URL, **{**known, **context})


def test_a_notice_is_the_mail_without_its_link(web, admin):
    tell(admin)
    assert Message.objects.get().to == admin.user.email
    page = web.get("/notices/")
    text = page.content.decode()
    assert "Approved: 3 of yours, Rp85,000" in text
    assert "Bayu &lt;b&gt; has approved it." in text
    assert 'href="/approvals/?batch=7"' in text
    assert "flipdash.test" not in text


def test_the_bell_counts_what_was_not_looked_at(web, admin):
    assert "count" not in web.get("/my-profile/").content.decode().split("header__bell")[1].split("</a>")[0]
    tell(admin)
    bell = web.get("/my-profile/").content.decode().split("header__bell")[1].split("</a>")[0]
    assert '<span class="count">1</span>' in bell
    web.head("/notices/")
    assert "New" in web.get("/notices/").content.decode(), "only who looks has seen it"
    bell = web.get("/my-profile/").content.decode().split("header__bell")[1].split("</a>")[0]
    assert "count" not in bell


def test_nobody_sees_what_another_was_told_nor_what_was_in_the_other_mode(client_of, admin, stranger, kopi_kita):
    colleague = factories.make_member(kopi_kita, Role.APPROVER)
    tell(admin)
    tell(admin, "test", count=9)
    for other in (colleague, stranger):
        assert "Nothing yet" in client_of(other).get("/notices/").content.decode()
    web = client_of(admin)
    assert "9 of yours" not in web.get("/notices/").content.decode()
    assert "9 of yours" in web.get("/test/notices/").content.decode()


def test_a_right_that_is_gone_hides_what_it_told_of(client_of, kopi_kita):
    """trust: R2. Amounts and names of ninety days, for somebody whose role sees seven."""
    member = factories.make_member(kopi_kita, Role.EXECUTOR)
    tell(member)
    web = client_of(member)
    Member.objects.filter(pk=member.pk).update(role=Role.CUSTOMER_SERVICE)
    assert "count" not in web.get("/my-profile/").content.decode().split("header__bell")[1].split("</a>")[0]
    page = web.get("/notices/").content.decode()
    assert "Rp85,000" not in page
    assert "Nothing yet" in page
    Member.objects.filter(pk=member.pk).update(role=Role.EXECUTOR)
    assert "New" in web.get("/notices/").content.decode(), "nobody has looked at it meanwhile"


def test_pages_cost_the_same_however_many(web, admin, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(numbered, "PAGE_SIZE", 3)
    for _time in range(7):
        tell(admin)
    page = web.get("/notices/")
    assert len(page.context["rows"]) == 3
    with rls.inside(admin.scope("live")):
        assert Notice.objects.filter(seen_at=None).count() == 4
    older = page.context["older_url"]
    with django_assert_max_num_queries(8):
        page = web.get(f"/notices/{older}")
    assert len(page.context["rows"]) == 3
    assert web.get("/notices/?before=x").status_code == 404


def test_old_ones_are_thrown_away(admin, monkeypatch):
    monkeypatch.setattr(notices, "USING", "default")  # which sees what the test hasn't committed
    tell(admin)
    with rls.inside_of(admin.business_id, "live"):
        notices.throw_away_old()
        assert Notice.objects.count() == 1
        monkeypatch.setattr(notices, "KEPT_FOR", timedelta(0))
        notices.throw_away_old()
        assert not Notice.objects.exists()
