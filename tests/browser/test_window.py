"""A history fits the window: toolbar, headings and pager stay in sight, and only the table scrolls."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from deposits import ledger
from deposits.ledger import Source
from flipdash import histories, rls
from tests import factories
from tests.transactions import bulk_files

FITS = "document.scrollingElement.scrollHeight <= window.innerHeight"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1366, 768), (900, 1000)])
@pytest.mark.parametrize("name", factories.MAKERS)
def test_a_full_page_of_rows_scrolls_inside_its_table_alone(
    open_context, sign_in, admin, kopi_kita, name, width, height
):
    for row in range(60):
        factories.MAKERS[name](kopi_kita, created_at=timezone.now() - timedelta(minutes=row))
    page = open_context(viewport={"width": width, "height": height}).new_page()
    sign_in(page, admin)
    page.goto(f"/{name}/")

    page.wait_for_load_state("networkidle")
    assert page.evaluate(FITS)
    heading = page.get_by_role("columnheader").first
    for part in (page.get_by_role("searchbox", name="Search"), heading, page.get_by_role("link", name="Older")):
        expect(part).to_be_in_viewport(ratio=1)

    page.locator("tbody tr").first.hover()
    page.mouse.wheel(0, 4000)
    expect(page.locator("tbody tr").last).to_be_in_viewport()
    assert page.evaluate("window.scrollY") == 0
    for part in (page.get_by_role("searchbox", name="Search"), heading, page.get_by_role("link", name="Older")):
        expect(part).to_be_in_viewport(ratio=1)


WHOLE = """() => {
    const edge = document.querySelector('.table-wrap').getBoundingClientRect().right + 1;
    return [...document.querySelectorAll('.cell--amount, .cell--datetime, .cell--status, .cell--id')]
        .filter((cell) => cell.checkVisibility())
        .every((cell) => cell.getBoundingClientRect().right <= edge);
}"""


@pytest.mark.parametrize(
    ("width", "height"), [(1440, 900), (1366, 768), (1280, 800), (1100, 800), (900, 1000), (720, 900)]
)
@pytest.mark.parametrize("name", factories.MAKERS)
def test_what_a_row_is_about_stands_whole_at_every_width(open_context, sign_in, admin, kopi_kita, name, width, height):
    for status in ("pending", "successful"):
        if status in {value for value, _label in histories.get(name).summary.labels.choices}:
            factories.MAKERS[name](kopi_kita, status=status, amount=12_345_678)
    page = open_context(viewport={"width": width, "height": height}).new_page()
    sign_in(page, admin)
    page.goto(f"/{name}/")
    assert page.evaluate(WHOLE)
    assert page.evaluate("(it => it.scrollWidth <= it.clientWidth)(document.querySelector('.table-wrap'))")


def test_a_tag_and_a_long_account_take_two_lines_and_not_a_scrollbar(page, sign_in, admin, kopi_kita):
    now, sums = timezone.now(), {"amount": 235_554_341, "currency": "VND", "amount_received": Decimal("351012536")}
    factories.make_transfer(kopi_kita, disputed_at=now, amount=12_500_000, remark="Uang makan lembur", bank="cimb")
    factories.make_international(kopi_kita, disputed_at=now, account_number="IT37X8599684309392587630346", **sums)
    factories.make_international(kopi_kita, status="pending_approval", beneficiary_bank="Techcombank Hanoi")
    sign_in(page, admin)
    for name in ("money-transfers", "international-transfers"):
        page.goto(f"/{name}/")
        expect(page.locator("td .tag")).to_have_text("Under review")
        assert page.evaluate("(it => it.scrollWidth <= it.clientWidth)(document.querySelector('.table-wrap'))"), name


def test_indonesian_words_leave_dates_and_buttons_in_sight(page, sign_in, admin, kopi_kita):
    for make in (factories.make_transfer, factories.make_international):
        make(kopi_kita, status="pending_approval", amount=12_800_000)
    factories.make_refund(kopi_kita, factories.make_payment(kopi_kita, amount=130_000_000), amount=130_000_000)
    factories.make_invoice(kopi_kita)
    admin.user.language = "id"
    admin.user.save()
    sign_in(page, admin)
    page.set_viewport_size({"width": 900, "height": 700})
    for path in ("money-transfers", "international-transfers", "refunds", "documents/invoices"):
        page.goto(f"/{path}/")
        assert page.evaluate("(it => it.scrollWidth <= it.clientWidth)(document.querySelector('.table-wrap'))"), path


def test_a_file_s_wrong_cells_are_wide_and_its_acts_in_sight(page, sign_in, admin):
    lines = ["Bank,Account Number,Beneficiary Name,Amount,Remark,Email,Internal Reference"]
    lines += ["Bank Sejahtera Abadi,12,,x,Gaji November 2026 beserta bonus,a@b,PAY-1"]
    draft = bulk_files.checked(admin, "\r\n".join(lines).encode())
    sign_in(page, admin)
    page.goto(f"/money-transfers/bulk/{draft.number}/")
    expect(page.get_by_role("button", name="Leave out 2")).to_be_in_viewport(ratio=1)
    widths = page.locator(".cell > .input").evaluate_all("(all) => all.map((it) => it.getBoundingClientRect().width)")
    assert min(widths) >= 140
    expect(page.get_by_role("link", name="Wrong rows")).to_have_class(re.compile("button--chosen"))


def test_columns_that_were_chosen_stay_on_a_narrow_page(open_context, sign_in, admin, kopi_kita):
    factories.make_transfer(kopi_kita)
    page = open_context(viewport={"width": 900, "height": 1000}).new_page()
    sign_in(page, admin)
    page.goto("/money-transfers/")
    expect(page.get_by_role("columnheader", name="Fee")).to_be_hidden()
    page.goto("/money-transfers/?columns=amount&columns=fee")
    expect(page.get_by_role("columnheader", name="Fee")).to_be_visible()


def test_a_cut_text_is_read_whole_where_one_stands(open_context, sign_in, admin, kopi_kita):
    remark = "Pembayaran biji kopi Gayo dan Toraja untuk November"
    factories.make_transfer(kopi_kita, remark=remark)
    page = open_context(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, admin)
    page.goto("/money-transfers/")
    cut = "(cell) => cell.scrollWidth > cell.clientWidth"
    cell = page.locator("tbody .cell--text", has_text=remark)
    assert cell.evaluate(cut)
    page.keyboard.press("j")
    assert not cell.evaluate(cut)


def test_the_header_fits_where_the_menu_comes_to_stand_beside_and_the_deposit_is_large(page, sign_in, scope, admin):
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", 1), amount=91_658_946_000, bank="bca")
    sign_in(page, admin)
    page.goto("/documents/invoices/")
    for width in (890, 900, 960, 1_060):
        page.set_viewport_size({"width": width, "height": 900})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), width
        expect(page.locator(".header__business")).to_be_in_viewport(ratio=1)
    expect(page.locator(".header__deposit")).to_contain_text("Rp91,658,946,000")


def test_an_approver_sees_every_amount_whole_at_every_width(page, sign_in, admin, kopi_kita):
    factories.make_transfer(
        kopi_kita, status="pending_approval", amount=12_345_678, beneficiary_name="PT Properti Kios Bersama Nusantara"
    )
    sign_in(page, admin)
    page.goto("/approvals/")
    for width in (1440, 1366, 1280, 1200, 1100, 1000, 900, 800, 700):
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.locator("tbody .cell--amount").get_by_text("12,345,678")).to_be_visible()
        assert page.evaluate(WHOLE), width
