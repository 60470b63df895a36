"""Payment links in the browser: made by a business, and started by a customer."""

from playwright.sync_api import Page, expect

PHONE = {"width": 390, "height": 844}


def make_link(page: Page) -> str:
    """Make a link in Test Mode; return the address that its page offers to copy."""
    page.goto("/test/payment-links/")
    page.get_by_role("link", name="Create Payment Link").click()
    page.get_by_label("Title").fill("Kelas latte art")
    page.get_by_label("Amount").fill("350.000")
    page.get_by_role("button", name="Create Payment Link").click()
    expect(page.get_by_role("status").filter(has_text="The link is ready")).to_be_visible()
    address = page.locator("[data-copy*='/pay/']").first.get_attribute("data-copy")
    assert address
    expect(page.get_by_role("img", name="QR code of the payment link")).to_be_visible()
    expect(page.get_by_label("Message")).to_have_value(f"Kopi Kita: Kelas latte art – Rp350,000\nPay here: {address}")
    return "/pay/" + address.partition("/pay/")[2]


def start(customer: Page, address: str, channel: str, name: str) -> None:
    """Start a payment on the link's page, and see how to pay."""
    customer.goto(address)
    customer.get_by_label("Your name").fill(name)
    customer.get_by_text(channel, exact=True).last.click()
    customer.get_by_role("button", name="Continue to Payment").click()
    expect(customer.get_by_role("heading", name=f"Pay by {channel}")).to_be_visible()
