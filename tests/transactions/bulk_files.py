"""Files of transfers for tests, and what is done with them."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Member
from flipdash import rls
from transactions.bulk import creating, services
from transactions.bulk.asking import NAMES
from transactions.bulk.services import BULK
from transactions.models import BulkDraft, BulkNames

HEADER = "Bank,Account Number,Beneficiary Name,Amount,Remark,Beneficiary Email,Internal Reference"
GOOD = (
    "BCA,0650000777,Ratna Sari Pratiwi,1250000,Gaji November,ratna@example.com,PAY-1",
    "bri,001200000345888,CV Sumber Rejeki,Rp17.500.000,,,PAY-2",
    "GoPay,+62 812-3450-0001,Made Wirawan,200.000,,,",
)


def csv(*lines: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *lines]).encode()


def upload(member: Member, content: bytes = csv(*GOOD), name: str = "payroll.csv", mode: str = "live") -> BulkDraft:
    """Upload a file; nobody has looked at it yet."""
    scope = member.scope(mode)
    with rls.inside(scope):
        return services.request_draft(scope, SimpleUploadedFile(name, content))


def checked(member: Member, content: bytes = csv(*GOOD), name: str = "payroll.csv", mode: str = "live") -> BulkDraft:
    """Upload a file, and let it be checked."""
    draft = upload(member, content, name, mode)
    work()
    draft.refresh_from_db()
    return draft


def work() -> None:
    """Let workers do what waits, and the banks be asked."""
    while BULK.work():
        pass
    ask()


def ask() -> None:
    """Let the banks be asked for all names."""
    while NAMES.work():
        BulkNames.objects.update(due_at=None)


def look(member: Member, draft: BulkDraft) -> creating.Look:
    scope = member.scope(draft.mode)
    with rls.inside(scope):
        draft.refresh_from_db()
        return creating.look_at(scope, draft)


def confirm(member: Member, draft: BulkDraft, **how: Any) -> bool:
    scope = member.scope(draft.mode)
    seen = how.pop("seen", None) or look(member, draft).digest
    with rls.inside(scope):
        return services.confirm(scope, draft, **{"seen": seen, "sure": False, "name_reason": "They are right", **how})


def rows_of(draft: BulkDraft) -> list[Any]:
    with rls.inside_of(draft.business_id, draft.mode):
        return list(draft.rows.order_by("record"))
