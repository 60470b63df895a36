"""Who calls the merchant API: the key in the Authorization header says it, and nothing else (trust.md K3, K4, S6)."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from developer import wording
from developer.calls import masking
from developer.keys.addresses import admits
from developer.keys.services import MAC
from developer.models import ApiKey
from flipdash import rls, sealing
from flipdash.mode import Mode
from flipdash.scope import Scope

LONGEST = 1_024  # characters of the header
NOTED_EVERY = timedelta(minutes=1)
"""How often a key's last use is written: a row that each call writes would make the calls wait for one another."""
NOBODYS = "0" * 64
"""A hash that no key has: an unknown key takes the same way through the code as a wrong one."""


class Unauthorized(Exception):
    """The call is nobody's. The words are in English, as all that the API says to programs."""

    def __init__(self, words: str = "Your request was made with invalid credentials.") -> None:
        super().__init__(words)


@contextmanager
def admitted(request: HttpRequest, mode: Mode) -> Iterator[Scope]:
    """Stand inside of the business whose key the request carries; raises Unauthorized.

    Every fault of the key gives the same words. Whether it may come from its network address is asked afterwards.
    """
    text = credential(request.headers.get("Authorization", ""))
    try:
        public = wording.public_part(text)
    except wording.NotAKey:
        raise Unauthorized from None
    found = _find(public)
    kept = found[3] if found else NOBODYS
    is_right = sealing.is_mac(text, MAC, kept)
    if not (found and is_right and found[2] == mode and text.startswith(wording.PREFIXES[mode])):
        raise Unauthorized
    pk, business, _mode, _mac = found
    with rls.inside_of(business, mode):
        key = ApiKey.objects.select_related("business").get(pk=pk, business_id=business, mode=mode)
        address = _address_of(request)
        agent = request.headers.get("User-Agent", "")
        yield Scope(key.business, mode, key, via="api", address=address, agent=agent)


def is_from_elsewhere(scope: Scope) -> bool:
    """Return whether the key may not come from the address that it came from."""
    return not admits(_key(scope).allowed_addresses, scope.address)


def note_use(scope: Scope, request: HttpRequest) -> None:
    """Note on the key when it was used last, from where and for what."""
    key = _key(scope)
    if key.last_used_at and timezone.now() - key.last_used_at < NOTED_EVERY:
        return  # this machine's time will do: it only spares a statement
    stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - NOTED_EVERY)
    asked = masking.storable(masking.text(f"{request.method} {request.path}"))[:100]
    ApiKey.objects.filter(stale, pk=key.pk).update(
        last_used_at=Now(), last_used_from=scope.address or None, last_used_for=asked
    )


def _address_of(request: HttpRequest) -> str:
    """Return where a call comes from; nothing where what proxies say of it makes no sense."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return ""


def _key(scope: Scope) -> ApiKey:
    assert isinstance(scope.member, ApiKey)  # noqa: S101  (that is who `admitted` lets in)
    return scope.member


def credential(header: str) -> str:
    """Return the key of a Basic header: the user name. Whatever stands for the password doesn't matter.

    Raises Unauthorized.
    """
    scheme, _space, value = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(header) > LONGEST:
        raise Unauthorized
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise Unauthorized from None
    return text.partition(":")[0]


def _find(public: str) -> tuple[int, int, str, str] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, business_id, mode, mac FROM developer_find_key(%s)", [public])
        return cursor.fetchone()
