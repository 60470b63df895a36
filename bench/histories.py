"""What is measured of Money Transfer → Transaction History."""

from collections.abc import Callable
from functools import partial

from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.models import Business, Member, User
from accounts.permissions import Role
from flipdash.histories.paging import Cursor
from transactions.histories import TransferHistory
from transactions.models import MoneyTransfer

LOOKUP, EMPTY = "primary-key lookup", "empty page"
Measure = tuple[str, str | None, Callable[[], object]]


def measures(slug: str) -> list[Measure]:
    """Return (name, yardstick, act) for everything that is measured, yardsticks first."""
    business = Business.objects.get(slug=slug)
    member = _admin_of(business)
    scope = member.scope("live")
    transfers = MoneyTransfer.objects.visible_to(scope)
    some = transfers.order_by("-created_at", "-id")[1_000]
    old = transfers.order_by("created_at", "id")[100]
    client = Client()
    client.force_login(member.user)

    def page(query: str) -> object:
        return TransferHistory(scope, QueryDict(query)).results()

    deep = Cursor(old.created_at, old.pk).sign(TransferHistory.name, scope)
    searches = {
        "search: Transaction ID": f"q={some.pk}",
        "search: account number": f"q={some.account_number}",
        "search: amount": f"q={some.amount}",
        "search: common word": "q=budi",
        "search: rare word": "q=zulaikha",
        "search: two words": "q=budi gayo",
        "search: nothing": "q=xqzvw",
        "filter: failed": "status=failed",
    }
    return [
        (LOOKUP, None, lambda: transfers.filter(pk=some.pk).values_list("pk").get()),
        (EMPTY, None, lambda: client.get(reverse("health-live"))),
        ("first page, its queries", LOOKUP, partial(page, "")),
        ("oldest page, its queries", LOOKUP, partial(page, f"before={deep}")),
        *((name, LOOKUP, partial(page, query)) for name, query in searches.items()),
        ("first page, whole", EMPTY, lambda: client.get(reverse("transactions:transfers"))),
    ]


def _admin_of(business: Business) -> Member:
    member = business.members.filter(role=Role.ADMIN).first()
    if member is None:
        user = User.objects.create_user(f"admin@{business.slug}.test", name="Bench Admin")
        member = Member.objects.create(business=business, user=user, role=Role.ADMIN)
    return member
