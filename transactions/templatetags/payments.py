"""What a payment link's page offers beside its fields, and what may be done with a payment."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from flipdash import formats, money
from transactions.models import Payment, PaymentLink, PaymentStatus, SettledPayment, SettlementRun
from transactions.payments import calendar, links, qr, settling

register = template.Library()


@register.inclusion_tag("payments/link_actions.html", takes_context=True)
def payment_link_actions(context: Any, link: PaymentLink) -> dict[str, Any]:
    """Offer what this person may do with a link."""
    may, status = context["scope"].can(Permission.CREATE_TRANSACTIONS), links.shown_status(link)
    is_over = status == PaymentLink.Status.USED
    return {
        "link": link,
        "csrf_token": context["csrf_token"],
        "may_edit": may and not is_over,
        "may_deactivate": may and status == PaymentLink.Status.ACTIVE,
        "may_activate": may and status == PaymentLink.Status.INACTIVE and not links.is_over(link),
    }


@register.inclusion_tag("payments/link_share.html", takes_context=True)
def payment_link_share(context: Any, link: PaymentLink) -> dict[str, Any]:
    """Show how a link reaches its payers: to copy, to scan, and as a message."""
    url = links.address_of(link)
    return {
        "link": link,
        "url": url,
        "is_test": context["scope"].is_test,
        "is_active": links.shown_status(link) == PaymentLink.Status.ACTIVE,
        "status": links.shown_status(link),
        "qr": qr.svg(url, _("QR code of the payment link")),
        "message": message(context["scope"].business.name, link, url),
        "payments_url": f"{reverse('transactions:payments')}?q={link.slug}",
    }


def message(business: str, link: PaymentLink, url: str) -> str:
    """Return the words in which a link is sent, in the language of the moment."""
    what = f"{link.title} – {money.rupiah(link.amount)}" if link.amount else link.title
    lines = [_("%(business)s: %(what)s") % {"business": business, "what": what}]
    lines.append(_("Pay here: %(url)s") % {"url": url})
    if link.expires_at:
        lines.append(_("The link works until %(moment)s.") % {"moment": formats.moment(link.expires_at)})
    return "\n".join(lines)


@register.inclusion_tag("payments/payment_actions.html", takes_context=True)
def payment_actions(context: Any, payment: Payment) -> dict[str, Any]:
    """Offer what this person may do with a payment: in Test Mode, to say what becomes of one that waits."""
    scope = context["scope"]
    waits = payment.status == PaymentStatus.PENDING and payment.slug
    return {
        "payment": payment,
        "csrf_token": context["csrf_token"],
        "may_force": waits and scope.is_test and scope.can(Permission.CREATE_TRANSACTIONS),
        "may_settle": settling.waits(payment) and scope.is_test and scope.can(Permission.CREATE_TRANSACTIONS),
        "page_url": payment.slug and reverse("pay:payment", args=[payment.slug]),
    }


@register.inclusion_tag("payments/settled.html", takes_context=True)
def payment_settlement(context: Any, payment: Payment) -> dict[str, Any]:
    """Say when a payment reaches the deposit, and why not earlier; or by which settlement it did."""
    scope = context["scope"]
    shown: dict[str, Any] = {"payment": payment, "net": payment.amount - payment.fee}
    if settling.waits(payment):
        shown["day"], shown["is_late"] = settling.day_of(scope, payment), settling.is_late(scope, payment)
        paid_on = payment.paid_at.astimezone(scope.zone).date() if payment.paid_at else shown["day"]
        shown["closed"] = calendar.closed_in_words(paid_on, shown["day"]) if shown["day"] else ""
    elif payment.slug:
        settled = SettledPayment.objects.visible_to(scope).filter(payment=payment).select_related("run").first()
        shown["run"] = settled and settled.run
    return shown


@register.simple_tag(takes_context=True)
def settlement_channels(context: Any, run: SettlementRun) -> list[tuple[str, int, int, int, int]]:
    """Return a settlement's payments by channel: its name, how many, rupiah, fees, and what is left."""
    return settling.by_channel(context["scope"], run)


@register.inclusion_tag("payments/arrivals.html", takes_context=True)
def payment_arrivals(context: Any, payment: Payment) -> dict[str, Any]:
    """Show the money that came for a payment, where more is to be said of it than that it was paid."""
    asked = payment.arrivals.visible_to(context["scope"]).order_by("at", "id")
    rows = list(asked) if payment.slug else []  # nothing arrives for what was paid elsewhere
    return {"arrivals": rows if any(row.problem for row in rows) else [], "scope": context["scope"]}
