"""What stands beside an invoice: Faktur Pajak and Bukti Potong, and who is mailed of new ones."""

import secrets
from datetime import date
from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import rights
from accounts.models import Member
from accounts.permissions import Permission
from documents.models import Invoice, InvoicePaper, InvoiceReader
from flipdash import events, mail
from flipdash.events import Event
from flipdash.mode import mode_url
from flipdash.scope import Scope

MOST_BYTES = 5 << 20
MOST = 20
"""Papers of one kind beside an invoice: a corrected one is added, the old one stays. No kind uses up the other's."""


class BadPaper(ValueError):
    """The file can't stand beside an invoice; the words say why."""


def checked(content: bytes) -> bytes:
    """Return what was uploaded, if it is a PDF that isn't too large; raises BadPaper."""
    if len(content) > MOST_BYTES:
        raise BadPaper(_("The file is larger than %d MB.") % (MOST_BYTES >> 20))
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2_048:]:
        raise BadPaper(_("Choose a PDF."))
    return content


def attach(scope: Scope, invoice: Invoice, *, kind: str, number: str, dated: date, content: bytes) -> InvoicePaper:
    """Keep a PDF beside an issued invoice; the same file again is the one that is there. Raises BadPaper.

    The invoice's row is locked first, so that two at once are counted one after the other.
    """
    digest = sha256(checked(content)).hexdigest()
    name = f"invoices/{invoice.business_id}/papers/{invoice.pk}-{secrets.token_hex(12)}.pdf"
    with transaction.atomic():
        Invoice.objects.visible_to(scope).select_for_update(of=("self",), no_key=True).get(pk=invoice.pk)
        papers = InvoicePaper.objects.visible_to(scope).filter(invoice_id=invoice.pk, kind=kind)
        if there := papers.filter(number=number, sha256=digest).first():
            return there
        if papers.count() >= MOST:
            raise BadPaper(_("%d papers stand beside this invoice already.") % MOST)
        default_storage.save(name, ContentFile(content))
        try:
            kept = InvoicePaper.objects.create(
                business_id=invoice.business_id,
                mode=invoice.mode,
                invoice_id=invoice.pk,
                kind=kind,
                number=number,
                dated=dated,
                stored_as=name,
                size=len(content),
                sha256=digest,
                **scope.actor.columns("by"),
            )
            events.record(scope, "invoice.paper", invoice, paper=str(kept), number=invoice.number)
        except BaseException:
            default_storage.delete(name)
            raise
    return kept


def attach_ours(scope: Scope, invoice: Invoice, *, number: str, dated: date, content: bytes) -> InvoicePaper:
    """Keep a Bukti Potong of a member of the business beside an invoice; raises BadPaper, NotAllowed."""
    with transaction.atomic():
        rights.lock_row(scope, Invoice.objects.visible_to(scope), invoice.pk, Permission.MANAGE_ACCOUNT)
        kind = InvoicePaper.Kind.BUKTI_POTONG
        return attach(scope, invoice, kind=kind, number=number, dated=dated, content=content)


# --- Who is mailed -----------------------------------------------------------------------------------------------


def able(scope: Scope) -> list[Member]:
    """Return the members who may download invoices now, and so may be mailed of them."""
    members = Member.objects.active().filter(business_id=scope.business.pk).select_related("user").order_by("pk")
    return [member for member in members if Permission.DOWNLOAD_REPORTS in member.permissions]


def readers(scope: Scope) -> set[int]:
    """Return who is mailed, by the id of the member."""
    return set(InvoiceReader.objects.visible_to(scope).values_list("member_id", flat=True))


@transaction.atomic
def set_readers(scope: Scope, chosen: set[int]) -> None:
    """Let these members be mailed of new invoices, and no others: none who may not download them. Raises NotAllowed."""
    rights.lock_business(scope, Permission.MANAGE_ACCOUNT)
    may = {member.pk: member for member in able(scope)}
    wanted, now = chosen & may.keys(), readers(scope)
    if wanted == now:
        return
    InvoiceReader.objects.visible_to(scope).exclude(member_id__in=wanted).delete()
    InvoiceReader.objects.bulk_create(
        [InvoiceReader(business_id=scope.business.pk, mode=scope.mode, member_id=pk) for pk in sorted(wanted - now)]
    )
    names = [may[pk].name for pk in sorted(wanted)]
    events.record(scope, "invoice.readers", readers=names)


@events.on("invoice.issued")
def tell_readers(event: Event) -> None:
    """Mail whoever wants it, and may still download it, where the invoice is; never the file."""
    invoice, scope = event.subject, event.scope
    if not isinstance(invoice, Invoice):
        return
    wanted = readers(scope)
    for member in able(scope) if wanted else ():
        if member.pk in wanted:
            mail.send(
                "invoice",
                to=member.user.email,
                language=member.user.language,
                number=invoice.number,
                period=invoice.period,
                total=invoice.total,
                is_test=scope.is_test,
                url=mode_url(scope.mode, "documents:invoice", invoice.pk, absolute=True),
            )
