"""Documents that go along with a transfer abroad: kept when they are what their name says, and harmless as far as we
can tell. What a person's computer calls a file decides nothing: its kind is told by what stands in it.
"""

import io
import secrets
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from accounts.rights import ask_again
from flipdash import orphans, room
from flipdash.lines import NotALine, clean_line
from flipdash.scope import Scope
from transactions.models import Attachment, InternationalTransfer
from transactions.outgoing import sweeps

MOST_BYTES = 5 << 20
MOST_UNPACKED = 50 << 20  # bytes
MOST_PARTS = 200
MOST_UNUSED = 20
"""Documents of one person that no transfer has yet: a form that is filled in has one."""
KEPT_FOR = timedelta(days=1)
LOOKED_FOR = timedelta(days=7)
"""For how long the sweep looks at a document: whatever was used by then stays for good."""
FOLDER = "attachments"
INFECTED = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
"""What every scanner takes for a virus, by agreement."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PACKED = b"PK\x03\x04"

READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How the parts of a document are packed; nothing else is unpacked."""
BROKEN = (
    *(zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError, ValueError, OSError, EOFError),
)
"""What unpacking raises for what is damaged, or locked."""


class BadAttachment(ValueError):
    """The file isn't taken; the message says why, in words for people."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file that is taken."""

    content_type: str
    begins: tuple[bytes, ...] = ()
    part: str = ""
    """Of a packed one: how the part begins that makes it what it is."""


OFFICE, EXCEL = "application/vnd.openxmlformats-officedocument", "application/vnd.ms-excel"
KINDS: Mapping[str, FileKind] = {
    "bmp": FileKind("image/bmp", (b"BM",)),
    "doc": FileKind("application/msword", (OLE,)),
    "docx": FileKind(f"{OFFICE}.wordprocessingml.document", (PACKED,), "word/"),
    "jpeg": FileKind("image/jpeg", (b"\xff\xd8\xff",)),
    "jpg": FileKind("image/jpeg", (b"\xff\xd8\xff",)),
    "pdf": FileKind("application/pdf", (b"%PDF-",)),
    "png": FileKind("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "rtf": FileKind("application/rtf", (b"{\\rtf",)),
    "txt": FileKind("text/plain"),
    "xls": FileKind(EXCEL, (OLE,)),
    "xlsx": FileKind(f"{OFFICE}.spreadsheetml.sheet", (PACKED,), "xl/"),
}
"""The kinds that the API takes, too (reference/flip-api.md §6.3), by how their names end."""
ACCEPT = ",".join(f".{ending}" for ending in sorted(KINDS))
NO_TEXT = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"{\\rtf", OLE, PACKED, b"MZ", b"\x7fELF")
"""What a text doesn't begin with."""


def check(name: str, content: bytes) -> FileKind:
    """Return what kind of file this is; raises BadAttachment for any that isn't taken."""
    if not content:
        raise BadAttachment(_("This file is empty. Choose another one."))
    if len(content) > MOST_BYTES:
        raise BadAttachment(_("The file is larger than %d MB.") % (MOST_BYTES >> 20))
    ending = name.rpartition(".")[2].lower()
    kind = KINDS.get(ending)
    if kind is None:
        endings = ", ".join(sorted(KINDS))
        raise BadAttachment(
            _("A file of this kind isn’t taken. Choose one of these: %(endings)s.") % {"endings": endings}
        )
    if not _is(kind, content):
        words = _("This file isn’t what its name says: it ends in .%(ending)s, and holds something else.")
        raise BadAttachment(words % {"ending": ending})
    for part in _parts(kind, content):
        if INFECTED in part:
            raise BadAttachment(_("This file looks infected, and was not kept. Check your computer."))
    return kind


def _is(kind: FileKind, content: bytes) -> bool:
    if kind.begins:
        return content.startswith(kind.begins) and (not kind.part or _has_part(kind.part, content))
    if content.startswith(NO_TEXT) or b"\x00" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_part(begins: str, content: bytes) -> bool:
    """Return whether a packed file has what makes it a document; raises BadAttachment for what would unpack to much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False
    if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise BadAttachment(_("This file unpacks to too much. Save it as PDF."))
    return any(entry.filename.startswith(begins) for entry in entries)


def _parts(kind: FileKind, content: bytes) -> list[bytes]:
    """Return the file, and what is packed in it, to be looked through."""
    if not kind.part:
        return [content]
    found, left = [content], MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for entry in packed.infolist():
                if entry.compress_type not in READ:
                    raise NotImplementedError
                with packed.open(entry) as part:
                    found.append(part.read(left))  # a size in the index may be a lie
                left -= len(found[-1])
    except BROKEN as problem:
        raise BadAttachment(_("This file can’t be opened. Save it again, without a password.")) from problem
    return found


def keep(scope: Scope, name: str, content: bytes) -> Attachment:
    """Keep a document until a transfer takes it. Raises BadAttachment, NotAllowed."""
    kind = check(name, content)
    stored = f"{FOLDER}/{scope.business.pk}/{secrets.token_hex(16)}"
    with transaction.atomic():
        ask_again(scope, Permission.CREATE_TRANSACTIONS)
        if unused(Attachment.objects.visible_to(scope).filter(scope.actor.is_in("by"))).count() >= MOST_UNUSED:
            raise BadAttachment(_("Too many files wait for their transfers. Finish one, or try again tomorrow."))
        if room.kept(scope) + len(content) > room.MOST_KEPT:
            words = _("The documents of your business take %d GB, and more isn’t kept. Write to us.")
            raise BadAttachment(words % (room.MOST_KEPT // room.GIGABYTE))
        default_storage.save(stored, ContentFile(content))
        try:
            return Attachment.objects.create(
                business_id=scope.business.pk,
                mode=scope.mode,
                name=_called(name),
                content_type=kind.content_type,
                stored_as=stored,
                size=len(content),
                sha256=sha256(content).hexdigest(),
                **scope.actor.columns("by"),
            )
        except BaseException:
            default_storage.delete(stored)
            raise


def _called(name: str) -> str:
    """Return a file's name as it is shown: of a name that can't be shown, how it ends."""
    ending = name.rpartition(".")[2].lower()
    try:
        line = clean_line(name)
    except NotALine:
        return f"document.{ending}"
    return line if len(line) <= 100 else f"{line[: 98 - len(ending)]}….{ending}"[-100:]


def unused(rows: QuerySet) -> QuerySet:
    """Return those of some documents that no transfer has."""
    same = {name: OuterRef(name) for name in ("business", "mode")}  # which the index begins with
    return rows.filter(~Exists(InternationalTransfer.objects.filter(**same, attachment=OuterRef("pk"))))


def unused_of(scope: Scope, pk: int) -> Attachment | None:
    """Return a document that the actor has kept, and that no transfer has yet."""
    rows = unused(Attachment.objects.visible_to(scope)).filter(scope.actor.is_in("by"), pk=pk)
    found: Attachment | None = rows.first()
    return found


@sweeps.also
def throw_away_attachments() -> None:
    """Forget documents that no transfer took within a day; their files go with the orphans."""
    rows = Attachment.objects.using("operator")
    old_ones = rows.filter(created_at__lte=Now() - KEPT_FOR, created_at__gt=Now() - KEPT_FOR - LOOKED_FOR)
    if old := list(unused(old_ones).values_list("pk", flat=True)[:1_000]):
        rows.filter(pk__in=old).delete()


orphans.register(FOLDER, (Attachment, "stored_as"))
room.stays(Attachment)
