"""Who may be told of a scheduled report, asked again each time."""

from collections.abc import Iterable

from accounts.models import Member
from accounts.permissions import Permission
from documents.models import ScheduledReport
from flipdash.histories import History
from flipdash.scope import Scope


def able(scope: Scope, kind: type[History]) -> list[Member]:
    """Return the members who may download reports of a history now."""
    needed = {Permission.DOWNLOAD_REPORTS, Permission(kind.permission)}
    return [member for member in _active(scope) if needed <= member.permissions]


def able_of(scope: Scope, schedule: ScheduledReport) -> list[Member]:
    """Return those of a schedule's readers who may still download it."""
    chosen = set(schedule.readers.values_list("member_id", flat=True))
    return [member for member in able(scope, schedule.kind) if member.pk in chosen] if schedule.kind else []


def responsible(scope: Scope, schedule: ScheduledReport) -> Iterable[Member]:
    """Return who is told that something is wrong: for whom it runs, as long as they may, and the Admins."""
    for member in _active(scope):
        may = Permission.DOWNLOAD_REPORTS in member.permissions
        if Permission.MANAGE_MEMBERS in member.permissions or (member.pk == schedule.member_id and may):
            yield member


def _active(scope: Scope) -> Iterable[Member]:
    return Member.objects.active().filter(business_id=scope.business.pk).select_related("user").order_by("pk")
