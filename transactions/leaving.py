"""What a maker leaves waiting who loses access: transfers that nobody has approved or that wait for their date."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.team.leaving import LeftBehind, register
from flipdash.scope import Scope
from transactions.models import InternationalTransfer, MoneyTransfer, Refund, RefundStatus, Status

OPEN = (Status.PENDING_APPROVAL, Status.SCHEDULED)


@register
def transfers(scope: Scope, member: Member) -> LeftBehind:
    """Count the money transfers of this mode that the member made."""
    rows = MoneyTransfer.objects.visible_to(scope).filter(member.actor.is_in("maker"), status__in=OPEN)
    return LeftBehind(_("Money transfers they made that wait"), rows.count(), reverse("transactions:transfers"))


@register
def international(scope: Scope, member: Member) -> LeftBehind:
    """Count the international transfers likewise."""
    rows = InternationalTransfer.objects.visible_to(scope).filter(member.actor.is_in("maker"), status__in=OPEN)
    label = _("International transfers they made that wait")
    return LeftBehind(label, rows.count(), reverse("transactions:international"))


@register
def refunds(scope: Scope, member: Member) -> LeftBehind:
    """Count the refunds likewise."""
    waits = (RefundStatus.PENDING_APPROVAL, RefundStatus.WAITING)
    rows = Refund.objects.visible_to(scope).filter(member.actor.is_in("maker"), status__in=waits)
    return LeftBehind(_("Refunds they asked for that wait"), rows.count(), reverse("transactions:refunds"))
