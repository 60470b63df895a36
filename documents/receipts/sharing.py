"""Receipts that leave the business: sent by mail, or as a link; each a random address that can be taken back.

Whoever has the address sees this receipt and nothing else, without signing in, until it expires or is revoked.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import rights
from accounts.permissions import Permission
from documents import pdf
from documents.models import ReceiptLink
from documents.receipts import making
from documents.receipts.printing import Paper
from flipdash import clock, db, events, formats, histories, mail, money, rls, sealing
from flipdash.histories import History
from flipdash.mode import Mode, mode_url
from flipdash.scope import Scope

LIFE = timedelta(days=30)
TOKEN_BYTES = 24
"""192 random bits, so that nobody finds a receipt by guessing (trust.md W7)."""
AGAIN_AFTER = timedelta(minutes=1)
"""How long the same receipt to the same address is one mail: whoever pressed twice meant it once."""
SHOWN = 20
"""How many links of a receipt its page lists."""


class NoReceipt(Exception):
    """There is no such transaction, or it isn't successful."""


class TooMany(Exception):
    """The business has sent, or linked, as many as it may in a day; the words say so."""


class Unusable(Exception):
    """The link is unknown, expired or revoked: nobody is told which."""


# --- By the business's people ------------------------------------------------------------------------------------


@transaction.atomic
def send(scope: Scope, declared: type[History], pk: int, *, to: str, with_fee: bool) -> ReceiptLink:
    """Mail a receipt's link to an address, in the business's language; the same again within a minute is one mail.

    Raises NotAllowed, NoReceipt, TooMany.
    """
    paper = _paper(scope, declared, pk, with_fee=with_fee)
    links = links_of(scope, declared, pk)
    just_now = links.open().filter(to=to, with_fee=with_fee, created_at__gt=clock.now() - AGAIN_AFTER).first()
    if just_now:
        return just_now
    _check_room(scope, mails=True)
    token, link = _add(scope, paper, to=to)
    with translation.override(link.language), timezone.override(scope.zone):
        mail.send("receipt", to=to, language=link.language, **_said(paper, link), url=_address(token))
    events.record(scope, "receipt.sent", paper.transaction, to=to, with_fee=with_fee)
    return link


@transaction.atomic
def make_link(scope: Scope, declared: type[History], pk: int, *, with_fee: bool) -> ReceiptLink:
    """Return the link of a receipt to copy, with or without the fee: there is one of each at a time.

    Raises NotAllowed, NoReceipt, TooMany.
    """
    paper = _paper(scope, declared, pk, with_fee=with_fee)
    if there := links_of(scope, declared, pk).open().filter(to="", with_fee=with_fee).first():
        return there
    _check_room(scope)
    _token, link = _add(scope, paper)
    events.record(scope, "receipt.linked", paper.transaction, with_fee=with_fee)
    return link


@transaction.atomic
def revoke(scope: Scope, declared: type[History], pk: int, link_pk: int) -> ReceiptLink:
    """Take a link back: it shows nothing from now on. Raises NotAllowed; DoesNotExist."""
    link = rights.lock_row(scope, links_of(scope, declared, pk), link_pk, Permission(declared.permission))
    if link.revoked_at is None:
        link.revoked_at = clock.now()
        link.save(update_fields=["revoked_at"])
        row = declared.model.objects.visible_to(scope, searched=True).get(pk=pk)
        events.record(scope, "receipt.revoked", row, **({"to": link.to} if link.to else {}))
    return link


def links_of(scope: Scope, declared: type[History], pk: int) -> Any:
    """Return what was sent and linked of one transaction, newest first."""
    return ReceiptLink.objects.visible_to(scope).filter(history=declared.name, row_id=pk).order_by("-id")


def suggested_address(scope: Scope, paper: Paper) -> str:
    """Return the transaction's own address, or the one to which a receipt for the same account went last."""
    receipt = paper.history.receipt
    own = paper.row[receipt.email] if receipt and receipt.email else ""
    if own or not (known_by := _known_by(paper)):
        return str(own)
    sent: QuerySet[ReceiptLink] = ReceiptLink.objects.visible_to(scope).filter(to__gt="", known_by=known_by)
    last = sent.filter(history=paper.history.name).order_by("-id").values_list("to", flat=True).first()
    return last or ""


def address_of(link: ReceiptLink) -> str:
    """Return the address of a link that was made to be copied."""
    return _address(sealing.unseal(link.sealed, _bound_to(link)))


def _paper(scope: Scope, declared: type[History], pk: int, *, with_fee: bool) -> Paper:
    """Return the receipt, when nobody else of the business can send or link one until the transaction ends."""
    db.lock(f"receipts/{scope.business.pk}/{scope.mode}")
    rights.ask_again(scope, Permission(declared.permission))
    paper = Paper.of(declared, scope, pk, with_fee=with_fee)
    if paper is None:
        raise NoReceipt
    return paper


def _check_room(scope: Scope, *, mails: bool = False) -> None:
    """Raise TooMany when as many left within a day as may: mails to anybody are dear.

    No zone has a say in it: with each change of it a new day would begin.
    """
    made = ReceiptLink.objects.visible_to(scope).filter(created_at__gt=clock.now() - timedelta(days=1))
    most = settings.RECEIPT_MAILS_A_DAY[scope.mode] if mails else settings.RECEIPT_LINKS_A_DAY
    if (made.filter(to__gt="") if mails else made).count() >= most:
        words = (
            _("Your business has sent %(most)s receipts within 24 hours, as many as it may. Copy the link, or wait.")
            if mails
            else _(
                "Your business has made %(most)s links within 24 hours, as many as it may. Download the PDF instead."
            )
        )
        raise TooMany(words % {"most": money.number(most)})


def _add(scope: Scope, paper: Paper, *, to: str = "") -> tuple[str, ReceiptLink]:
    """Add a link; returns its secret, of which only a hash is kept unless somebody has to copy it again."""
    token, now = secrets.token_urlsafe(TOKEN_BYTES), clock.now()
    link = ReceiptLink(
        business_id=scope.business.pk,
        mode=scope.mode,
        history=paper.history.name,
        row_id=paper.transaction.pk,
        token_hash=sealing.hash_of(token),
        to=to,
        known_by=_known_by(paper),
        with_fee=paper.with_fee,
        language=scope.business.language,
        created_at=now,
        expires_at=now + LIFE,
        **scope.actor.columns("by"),
    )
    link.sealed = "" if to else sealing.seal(token, _bound_to(link))
    link.save(force_insert=True)
    with suppress(making.NoRoom):
        making.ask(paper, language=link.language)  # so that it is there when the link is opened
    return token, link


def _known_by(paper: Paper) -> str:
    """Return what all transactions with the same account have in common; "" where nothing is known."""
    fields = paper.history.receipt.known_by if paper.history.receipt else ()
    values = [str(getattr(paper.transaction, field) or "") for field in fields]
    return sealing.hash_of("\n".join(values)) if all(values) else ""


def _said(paper: Paper, link: ReceiptLink) -> dict[str, Any]:
    """Return what the mail says, which is nothing that a payee typed: it reads the same for whoever gets it."""
    scope = paper.history.scope
    return {
        "business": pdf.printable(scope.business.name),
        "title": paper.history.receipt and paper.history.receipt.title,
        "figure": paper.figure,
        "day": formats.day(paper.arrived_at.date()),
        "number": paper.transaction.pk,
        "until": formats.day(timezone.localtime(link.expires_at).date()),
        "is_test": scope.is_test,
    }


def _bound_to(link: ReceiptLink) -> str:
    return f"documents_receiptlink/sealed/{link.token_hash}"


def _address(token: str) -> str:
    return mode_url(Mode.LIVE, "receipts:shared", token, absolute=True)


# --- By whoever has the link ---------------------------------------------------------------------------------------


@contextmanager
def opened(token: str) -> Iterator[tuple[ReceiptLink, Paper]]:
    """Give what an open link shows, inside its business and mode, in its language and zone; raises Unusable.

    Whoever reads it is nobody's member, so it is read as by itself.
    """
    token_hash = sealing.hash_of(token)
    business_id, mode = _place_of(token_hash)
    with rls.inside_of(business_id, mode):
        links = ReceiptLink.objects.filter(business_id=business_id, mode=mode, token_hash=token_hash)
        link = links.open().select_related("business").first()
        if link is None or link.history not in histories.names():
            raise Unusable
        with translation.override(link.language), timezone.override(link.business.time_zone):
            scope = Scope.by_itself(link.business, mode)
            paper = Paper.of(histories.get(link.history), scope, link.row_id, with_fee=link.with_fee)
            if paper is None:
                raise Unusable
            yield link, paper


def _place_of(token_hash: str) -> tuple[int, str]:
    """Return the business and the mode of a link; raises Unusable."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT business_id, mode FROM documents_receipt_link_place(%s)", [token_hash])
        place: tuple[int, str] | None = cursor.fetchone()
    if place is None:
        raise Unusable
    return place
