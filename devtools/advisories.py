"""Hold what is pinned against the list of known faults, without a network: `make audit` (docs/asvs.md).

requirements/advisories.json has a line for each advisory that somebody read: whose fault it is, what it is called, and
in which versions it is mended; of several, the first of each series. It is as complete as whoever keeps it.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import Version

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, Version]:
    """Return what a lock file pins, by the names of packages as registries write them."""
    return {re.sub(r"[-_.]+", "-", name).lower(): Version(version) for name, version in PIN.findall(lock)}


def is_mended(version: Version, fixed: list[str]) -> bool:
    """Return whether a version has the mend: that of its own series, or a later one than all."""
    mends = [Version(one) for one in fixed]
    own = [mend for mend in mends if mend.release[:2] == version.release[:2]]
    return version >= max(mends) or any(version >= mend for mend in own)


def faults(lock: str, advisories: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is pinned although a fault of it is known."""
    pinned = pins(lock)
    for one in advisories:
        version = pinned.get(one["package"])
        if version is not None and not is_mended(version, one["fixed"]):
            yield f"{one['package']} {version}: {one['id']}, mended in {', '.join(one['fixed'])}"


def known() -> list[dict[str, Any]]:
    """Return the list of advisories."""
    read: list[dict[str, Any]] = json.loads((FOLDER / "advisories.json").read_text())
    return read


def main() -> int:
    """Say what is wrong with the two lock files; returns 1 if anything is."""
    found = sorted({fault for lock in FOLDER.glob("*.txt") for fault in faults(lock.read_text(), known())})
    sys.stdout.write("\n".join(found or [f"None of {len(known())} known faults is in what is pinned."]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
