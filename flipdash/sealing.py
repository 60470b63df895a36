"""Secrets that must be read again are kept sealed (trust.md §3): AES-256-GCM, bound to the place that they stand in.

The first key of the ring seals and all of them open, so that a key is changed by putting a new one in front.
"""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

VERSION = "s1:"
NONCE = 12  # bytes


class Unsealable(Exception):
    """No key of the ring opens this text here: it was changed, moved from its place, or its key is gone."""


def sealing_keys(text: str, fallback: str = "") -> tuple[bytes, ...]:
    """Read the ring from the setting: 64 hexadecimal digits a key, comma separated.

    `fallback`, for development only, is what a key is derived from when the setting is empty.
    """
    if not text and fallback:
        return (hashlib.sha256(b"flipdash sealing:" + fallback.encode()).digest(),)
    try:
        keys = tuple(bytes.fromhex(part.strip()) for part in text.split(","))
    except ValueError:
        keys = ()
    if not keys or any(len(key) != 32 for key in keys):
        raise ImproperlyConfigured(
            "SEALING_KEYS is missing or wrong. Write keys of 64 hexadecimal digits, comma separated; the first seals"
        )
    return keys


def seal(text: str, bind: str) -> str:
    """Return the text sealed; `bind` names its place, such as table and column, and must be given to open it."""
    nonce = os.urandom(NONCE)
    sealed = AESGCM(_ring()[0]).encrypt(nonce, text.encode(), bind.encode())
    return VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, bind: str) -> str:
    """Return the text that was sealed for this place; Unsealable if no key opens it."""
    text, _place = _open(sealed, bind)
    return text


def reseal(sealed: str, bind: str) -> str:
    """Return the text sealed by the first key: as it is, where it is by it already. Unsealable if no key opens it."""
    text, place = _open(sealed, bind)
    return seal(text, bind) if place else sealed


def fingerprints() -> list[str]:
    """Return what names each key of the ring without telling it, the first one first: 16 hexadecimal digits."""
    return [hmac.digest(key, b"fingerprint", "sha256").hex()[:16] for key in _ring()]


def _open(sealed: str, bind: str) -> tuple[str, int]:
    """Return the text, and the place in the ring of the key that opens it."""
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(VERSION))
    except ValueError as problem:
        raise Unsealable from problem
    for place, key in enumerate(_ring() if sealed.startswith(VERSION) else ()):
        try:
            return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], bind.encode()).decode(), place
        except (InvalidTag, ValueError):
            continue
    raise Unsealable


def mac(text: str, bind: str) -> str:
    """Return what is kept of a secret that nobody has to read again: 64 hexadecimal digits, useless without our key."""
    return _mac(_ring()[0], text, bind)


def is_mac(text: str, bind: str, kept: str) -> bool:
    """Return whether this is the secret of which `kept` was kept, by any key of the ring."""
    return any(hmac.compare_digest(_mac(key, text, bind), kept) for key in _ring())


def _mac(key: bytes, text: str, bind: str) -> str:
    place = hmac.digest(key, b"mac:" + bind.encode(), "sha256")  # a key of its own, which seals nothing
    return hmac.digest(place, text.encode(), "sha256").hex()


def signing_keys(bind: str) -> list[str | bytes]:
    """Return a key to sign with for each of the ring, the first one first: for what holds longer than SECRET_KEY."""
    return [hmac.digest(key, b"sign:" + bind.encode(), "sha256") for key in _ring()]


def hash_of(token: str) -> str:
    """Return what is kept of a secret that is only recognised: random, and long enough for a plain hash."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _ring() -> tuple[bytes, ...]:
    from django.conf import settings  # the settings read their keys by this module

    return settings.SEALING_KEYS
