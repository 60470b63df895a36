"""What calls that create something show besides their key (reference/flip-api.md §1.3, trust.md K4).

An endpoint that creates names what holds for it, before anything else: `check_time(request)`, and, where the business
has a public key of its own for that, `check_signature(request, key)`.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.http import HttpRequest

from developer.api import bodies, errors
from developer.api.errors import Invalid
from flipdash import clock

FRESH_FOR = timedelta(seconds=60)
"""How far from our clock, to either side, a call may say that it was made."""
TIMESTAMP, SIGNATURE = "X-TIMESTAMP", "X-Signature"
LEAST_BITS = 2_048
LONGEST_TIMESTAMP = 40  # characters


class WrongSignature(Exception):
    """A call isn't signed by the business's key; it gets a 403."""


def check_time(request: HttpRequest) -> None:
    """Refuse a call that says it was made more than a minute ago, or that it will be; raises Invalid.

    The header may be missing or empty. A time without its offset from UTC could mean any of three here, so it is none.
    """
    written = request.headers.get(TIMESTAMP, "").strip()
    if not written:
        return
    try:
        made = datetime.fromisoformat(written) if len(written) <= LONGEST_TIMESTAMP else None
    except ValueError:
        made = None
    if made is None or made.tzinfo is None:
        raise Invalid((TIMESTAMP, errors.TIMESTAMP_INVALID, f"{TIMESTAMP} must be like 2026-11-30T23:59:59+07:00."))
    if abs(clock.now() - made) > FRESH_FOR:
        raise Invalid((TIMESTAMP, errors.STALE, f"{TIMESTAMP} is more than 60 seconds from our time."))


def check_signature(request: HttpRequest, public_key: str) -> None:
    """Refuse a call that the business's RSA key (PEM) hasn't signed; raises WrongSignature, or NotTaken.

    What is signed are the parameters of address and body as one JSON object, every value a text. A parameter that
    stands twice could be signed as one and read as the other, so it is refused.
    """
    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise ValueError(f"the business's key is no RSA key of {LEAST_BITS} bits")
    try:
        signature = base64.b64decode(request.headers.get(SIGNATURE, "").strip(), validate=True)
    except (binascii.Error, ValueError):
        raise WrongSignature from None
    if not any(_is_signed(key, signature, text) for text in _signed_texts(_parameters(request))):
        raise WrongSignature


def _parameters(request: HttpRequest) -> dict[str, str]:
    asked, sent = bodies.form(request.META.get("QUERY_STRING", "")), bodies.read(request)
    if asked.keys() & sent.keys():
        raise bodies.NotTaken(400, "A parameter appears twice.")
    return {name: _as_text(value) for name, value in {**asked, **sent}.items()}


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _signed_texts(parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield the parameters as PHP writes JSON, as Python and Java do, and as JavaScript does: they mean the same."""
    plain = json.dumps(parameters, separators=(",", ":"))
    yield plain.replace("/", "\\/")
    yield plain
    yield json.dumps(parameters, separators=(",", ":"), ensure_ascii=False)


def _is_signed(key: RSAPublicKey, signature: bytes, text: str) -> bool:
    try:
        key.verify(signature, text.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
