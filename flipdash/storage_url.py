"""Where files are kept, by STORAGE_URL: on this machine's disk, or in S3 (docs/running.md)."""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

FORM = "s3://KEY:SECRET@bucket/folder?region=…&endpoint=https://…"
KNOWN = {"region": "region_name", "endpoint": "endpoint_url"}


def storage(url: str, folder: Path) -> dict[str, Any]:
    """Return Django's STORAGES entry; `folder` is the one on the disk. Raises ImproperlyConfigured, with no secret."""
    if not url:
        return {
            "BACKEND": "flipdash.storage.WholeFiles",
            "OPTIONS": {"location": folder, "file_permissions_mode": 0o600},
        }
    return {"BACKEND": "flipdash.s3.S3Files", "OPTIONS": _options(url)}


def _options(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        port = parts.port
    except ValueError:
        raise _wrong("can't be read; write / + : @ in its secret as %2F %2B %3A %40") from None  # it says half of it
    if parts.scheme != "s3":
        raise _wrong("has to begin with s3://; leave it away to keep files on the disk")
    if port is not None or not parts.hostname:
        raise _wrong("has to name a bucket, and no port: another S3 than Amazon's is ?endpoint=https://host:port")
    if unknown := sorted(asked.keys() - KNOWN.keys()):
        raise _wrong(f"has {unknown[0]}=, which isn't known: {' and '.join(KNOWN)} are")
    endpoint = asked.get("endpoint")
    if endpoint is not None and not _is_server(endpoint):
        raise _wrong("has an endpoint that isn't https://host or http://host, with or without a port")
    return {
        **_keys(parts),
        **{KNOWN[name]: value for name, value in asked.items()},
        "bucket_name": parts.hostname,
        "location": unquote(parts.path).strip("/"),
    }


def _is_server(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _keys(parts: SplitResult) -> dict[str, str]:
    """Return the keys; without any, boto3 finds those of the machine by itself."""
    if bool(parts.username) != bool(parts.password):
        raise _wrong("has a key without a secret, or the other way round")
    if not parts.username:
        return {}
    return {"access_key": unquote(parts.username), "secret_key": unquote(parts.password or "")}


def _wrong(why: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"STORAGE_URL {why}. Write it as {FORM}")
