"""Signatures by the Standard Webhooks specification: HMAC-SHA256 of id, time and body (trust.md C5).

Besides them each body carries the Validation Token, as Flip's does.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
SECRET = 32  # bytes


def new_secret() -> str:
    """Return a secret as receivers' libraries take it: whsec_ and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET)).decode()


def headers(callback: str, at: datetime, body: bytes, signing_secrets: Iterable[str]) -> dict[str, str]:
    """Return the three headers of a call; with two secrets, while one is being changed, either verifies."""
    second = int(at.timestamp())
    signed = f"{callback}.{second}.".encode() + body
    signatures = (f"v1,{_sign(secret, signed)}" for secret in signing_secrets)
    return {
        "webhook-id": callback,
        "webhook-timestamp": str(second),
        "webhook-signature": " ".join(signatures),
    }


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
