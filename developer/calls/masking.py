"""What is kept of a call, without its secrets: masking what is masked changes nothing (trust.md K1, O5).

Only headers of a known kind are kept at all. In addresses and bodies, whatever reads as one of our secrets is masked
wherever it stands, and so is the value of every parameter whose name says that it is one.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from developer import wording

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
KEPT_HEADERS = (
    "Accept",
    "Allow",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Idempotency-Key",
    "Request-Id",
    "Retry-After",
    "User-Agent",
    "X-Timestamp",
)
"""Never Authorization or Cookie, nor any header that we don't know: somebody may send a secret in it."""
LONGEST_HEADER = 500  # characters
MASK = "•••"
LONGEST_SECRET = 200
"""No secret that is known by its look has as many characters: so much is cut off the end of what was cut."""

_NAMES = (
    r"token|secret|password|passwd|passphrase|passcode|pwd|credential|authorization|bearer|signature|otp|cvv|sandi|rahasia"
    r"|(?:api|private|access|signing|client|encryption)[_-]?key|session[_-]?id|cookie"
    r"|(?:verification|security|one[_-]?time)[_-]?code|kode[_-]?(?:verifikasi|keamanan)"
)
"""Wherever a name ends so; in both languages, for people name things in theirs."""
_WORDS = r"(?:[meu]|tx)?pin|pass|cvc|jwt"
"""Too short for that: they count as a word of their own only, as in userPin or user_pin; but not in `spin`."""
_MORE = r"s?(?:[_-]?(?:code|key|value|hash|new|old|baru|lama|again|ulang|confirm(?:ation)?|konfirmasi|[0-9]{1,4})){0,2}"
"""What may follow: otp_code, cvv2, tokens, password_confirmation."""
NAMED = re.compile(rf"(?:(?i:{_NAMES})|(?:^|[_\W]|(?<=[a-z])(?=[A-Z]))(?i:{_WORDS}))(?i:{_MORE})$")
"""A name that ends so is a secret's: validation_token, accesstoken, apiKey, mpin, kata_sandi."""
PARTS = re.compile(r"[][.]+")
"""What stands between the parts of a name: user[otp], otp[], login.otp."""
SUSPECT = re.compile(rf'(?i:{_NAMES}|{_WORDS})[^"]{{0,100}}"\s*:|\\u00')
"""What stands in each JSON that has such a name, and in nearly no other; a name may be written in escapes."""
OURS = re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]{8,}|(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)
"""A signing secret; and 43 characters of base64, which a Validation Token is, and the secret part of a key."""
NAME = re.compile(r'"((?:[^"\\]|\\.){1,100})"\s*:\s*', re.DOTALL)
"""A name in JSON, however deep, of a text that was cut, too."""
PART = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[][{}]|[^][\s,{}"]+|[\s,]+', re.DOTALL)
"""What a value in JSON is made of: texts, of which the last may be cut, brackets, and numbers."""

ESCAPED = r"%(?:25)?{0:02x}|\\{{1,2}}u{0:04x}|&\#x0{{0,2}}{0:x};|&\#0{{0,2}}{0:d};"
"""How one sign is written by who escapes it: %2D, %252D, \\u002d, &#x2d; or &#45;."""
LONGEST_SIGN = 8  # characters


def text(written: str) -> str:
    """Return a text in which each of our secrets is masked."""
    return OURS.sub(MASK, wording.masked(written))


def readable(answer: bytes, token: str, most: int) -> str:
    """Return the body of a receiver's answer as text that can be kept: what is no UTF-8 is marked, and a NUL too.

    A receiver may answer with what it was sent: the token in it is masked, as it was sent or as others write it. Of a
    body that was cut after so many bytes, the end is left out, in which a part of the token may stand.
    """
    masked = text(_as_written(token).sub(MASK, answer.decode(errors="replace").replace("\0", "\ufffd")))
    return masked[: -max(LONGEST_SECRET, LONGEST_SIGN * len(token))] if len(answer) >= most else masked


def _as_written(known: str) -> re.Pattern[str]:
    """Return what finds a secret whose signs may be percent-encoded, or escaped as in JSON or HTML."""
    return re.compile("".join(f"(?:{re.escape(sign)}|(?i:{ESCAPED.format(ord(sign))}))" for sign in known) or r"(?!)")


def headers(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that are kept, by the names that people know."""
    given = {name.lower(): value for name, value in sent.items()}
    found = {name: given.get(name.lower(), "") for name in KEPT_HEADERS}
    return {name: storable(text(value))[:LONGEST_HEADER] for name, value in found.items() if value}


def parameters(written: str) -> str:
    """Return a form, or what stands behind a question mark, as it was sent but for its secrets."""
    return "&".join(map(_parameter, written.split("&")))


def _parameter(written: str) -> str:
    name, equals, value = written.partition("=")
    plain_name, plain_value = unquote_plus(name), unquote_plus(value)
    shown = name if text(plain_name) == plain_name else MASK
    hidden = value and (is_secret(plain_name) or text(_pairs(plain_value)) != plain_value)
    return f"{shown}{equals}{MASK if hidden else value}"


def body(sent: bytes, content_type: str, most: int) -> str:
    """Return at most so many characters of a body, without its secrets; nothing of what is no text."""
    kind = content_type.partition(";")[0].strip().lower()
    if not (kind in {FORM, JSON, ""} or kind.startswith("text/")):
        return ""
    beginning = sent[: most + LONGEST_SECRET].decode("utf-8", "replace")
    masked = parameters(beginning) if kind == FORM else text(_pairs(beginning))
    if len(sent) > most + LONGEST_SECRET:
        masked = masked[:-LONGEST_SECRET]  # in which half of a secret may stand, which nobody can know
    return storable(masked)[:most]


def _pairs(written: str) -> str:
    """Mask the values of JSON whose names are a secret's; a text without such a name isn't walked through.

    It isn't read as JSON: so it stays as it was sent, and what was cut, or is nearly JSON, is masked too.
    """
    if not SUSPECT.search(written):
        return written
    kept, place = [], 0
    while found := NAME.search(written, place):
        kept.append(written[place : found.end()])
        place = found.end()
        if is_secret(_unescaped(found[1])) and (end := _end_of_value(written, place)) > place:
            kept.append(f'"{MASK}"')
            place = end
    return "".join([*kept, written[place:]])


def _end_of_value(written: str, place: int) -> int:
    """Return where a value in JSON ends, with all that is inside it; of one that was cut, the end of the text."""
    depth = 0
    while found := PART.match(written, place):
        part = found[0]
        if not depth and (part in "]}" or part[0] in ", \t\r\n"):  # there is no value
            break
        place = found.end()
        depth += (part in "[{") - (part in "]}")
        if not depth:
            break
    return place


def _unescaped(name: str) -> str:
    """Return a name as it is read: one written as \\u006ftp is otp."""
    try:
        return str(json.loads(f'"{name}"', strict=False))
    except ValueError:
        return name


def is_secret(name: str) -> bool:
    """Return whether a parameter's name, or a part of it, says that its value is a secret."""
    return any(map(NAMED.search, PARTS.split(name)))


def storable(written: str) -> str:
    """Return a text that Postgres can hold: without NUL and halves of characters."""
    return written.replace("\0", "␀").encode("utf-8", "replace").decode()
