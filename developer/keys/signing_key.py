"""The public key by which a business signs the calls that create (reference/flip-api.md §1.3, trust.md K4, §1.7)."""

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from accounts.rights import lock_business
from developer.models import SigningKey
from flipdash import clock, events
from flipdash.scope import Scope

LEAST_BITS, MOST_BITS = 2_048, 8_192
LONGEST = 4_000  # characters
PRIVATE = "PRIVATE KEY"


class NotAKey(ValueError):
    """The text is no public key that can be taken; the words say what is wrong with it."""


def judged(written: str) -> str:
    """Return a public key in the one way in which it is kept. Raises NotAKey."""
    if PRIVATE in written.upper():
        raise NotAKey(_("This is a private key. Make a new pair: nobody but your server may know that one."))
    try:
        key = load_pem_public_key(written.strip().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotAKey(_("This is no public key in PEM. It begins with -----BEGIN PUBLIC KEY-----.")) from None
    if not isinstance(key, RSAPublicKey):
        raise NotAKey(_("It has to be an RSA key."))
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        said = {"least": LEAST_BITS, "most": MOST_BITS, "bits": key.key_size}
        raise NotAKey(_("It has to have %(least)s to %(most)s bits; this has %(bits)s.") % said)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(pem: str) -> str:
    """Return the SHA-256 of a key as people compare it, in groups of four."""
    key = load_pem_public_key(pem.encode())
    digest = Hash(SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    written = digest.finalize().hex()
    return " ".join(written[place : place + 4] for place in range(0, len(written), 4))


def of(scope: Scope) -> SigningKey | None:
    """Return the key that calls have to be signed with; None where they need no signature."""
    found: SigningKey | None = SigningKey.objects.visible_to(scope).exclude(pem="").first()
    return found


@transaction.atomic
def save(scope: Scope, pem: str) -> None:
    """Let only signed calls create from now on; `pem` was judged. Twice changes nothing. Raises NotAllowed."""
    _put(scope, pem, "signature-key.saved", fingerprint=fingerprint(pem))


@transaction.atomic
def remove(scope: Scope) -> None:
    """Let calls create without a signature again. Raises NotAllowed."""
    _put(scope, "", "signature-key.removed")


def _put(scope: Scope, pem: str, kind: str, **facts: Any) -> None:
    lock_business(scope, Permission.MANAGE_API)
    kept = SigningKey.objects.visible_to(scope).first()
    if (kept.pem if kept else "") == pem:
        return
    values = {"pem": pem, "changed_at": clock.now(), **scope.actor.columns("changer")}
    SigningKey.objects.update_or_create(business_id=scope.business.pk, mode=scope.mode, defaults=values)
    events.record(scope, kind, **facts)
