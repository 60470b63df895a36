"""What a maker leaves waiting who loses access: transfers that nobody has approved or that wait for their date.

A transfer knows its maker by name only, so namesakes' are among them; the words say so.
"""

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Member
from accounts.team.leaving import Waiting, source
from flipdash.scope import Scope
from transactions.models import InternationalTransfer, MoneyTransfer, Status

OPEN = (Status.PENDING_APPROVAL, Status.SCHEDULED)


@source
def transfers(scope: Scope, member: Member) -> Waiting:
    """Count the money transfers of this mode that were made under the member's name."""
    rows = MoneyTransfer.objects.visible_to(scope).filter(maker_name=member.name, status__in=OPEN)
    label = _("Money transfers made under the name “%(name)s” that wait") % {"name": member.name}
    return Waiting(label, rows.count(), reverse("transactions:transfers"))


@source
def international(scope: Scope, member: Member) -> Waiting:
    """Count the international transfers likewise."""
    rows = InternationalTransfer.objects.visible_to(scope).filter(maker_name=member.name, status__in=OPEN)
    label = _("International transfers made under the name “%(name)s” that wait") % {"name": member.name}
    return Waiting(label, rows.count(), reverse("transactions:international"))
