"""What is pinned has no fault that is known, and a planted one is found (asvs: 15.2.1)."""

import re

import pytest
from packaging.version import Version

from devtools import advisories

LOCKS = sorted(advisories.FOLDER.glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_nothing_that_is_pinned_has_a_known_fault(lock):
    text = lock.read_text()
    assert len(advisories.pins(text)) > 50
    assert list(advisories.faults(text, advisories.known())) == []


def test_a_planted_fault_is_found_in_each_lock_file():
    """The canary: an old version in the real file, and a new advisory of what is really pinned."""
    assert len(LOCKS) == 2
    for lock in LOCKS:
        text = lock.read_text()
        old = re.sub(r"^django==\S+", "django==5.2.7", text, flags=re.M)
        assert [fault.partition(":")[0] for fault in advisories.faults(old, advisories.known())] == ["django 5.2.7"]
        canary = {"package": "pillow", "id": "CANARY", "fixed": ["999.0"]}
        [fault] = advisories.faults(text, [*advisories.known(), canary])
        assert "CANARY" in fault


def test_every_advisory_is_of_something_that_is_pinned_and_can_be_read():
    pinned = advisories.pins("".join(lock.read_text() for lock in LOCKS))
    for one in advisories.known():
        assert set(one) == {"package", "id", "fixed"}
        assert one["package"] in pinned, "what nobody uses any more goes from the list"
        assert one["fixed"] == [str(Version(version)) for version in one["fixed"]] != []


@pytest.mark.parametrize(
    ("version", "is_mended"),
    [("4.2.25", False), ("4.2.26", True), ("5.0.9", False), ("5.2.7", False), ("5.2.8", True), ("6.0", True)],
)
def test_a_mend_counts_for_its_own_series_and_for_all_that_is_later(version, is_mended):
    assert advisories.is_mended(Version(version), ["4.2.26", "5.1.14", "5.2.8"]) == is_mended
