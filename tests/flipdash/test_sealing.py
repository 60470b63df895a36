"""Sealed secrets: bound to their place, opened by every key of the ring, sealed by the first."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from flipdash.sealing import Unsealable, seal, sealing_keys, unseal

OLD, NEW = bytes(32), bytes(range(32))


def test_what_was_sealed_opens_and_never_reads_the_same(settings):
    sealed = seal("JBSWY3DP", "here")
    assert "JBSWY3DP" not in sealed
    assert seal("JBSWY3DP", "here") != sealed
    assert unseal(sealed, "here") == "JBSWY3DP"


def test_a_new_key_seals_and_the_old_one_still_opens(settings):
    settings.SEALING_KEYS = (OLD,)
    old = seal("secret", "here")
    settings.SEALING_KEYS = (NEW, OLD)
    new = seal("secret", "here")
    assert unseal(old, "here") == unseal(new, "here") == "secret"
    settings.SEALING_KEYS = (OLD,)
    with pytest.raises(Unsealable):
        unseal(new, "here")


@pytest.mark.parametrize("change", [lambda t: t[:-6] + "AAAAAA", lambda t: t[3:], lambda t: "", lambda t: "s1:***"])
def test_a_changed_text_does_not_open(change):
    with pytest.raises(Unsealable):
        unseal(change(seal("secret", "here")), "here")


def test_a_moved_text_does_not_open():
    with pytest.raises(Unsealable):
        unseal(seal("secret", "here"), "there")


@pytest.mark.parametrize("text", ["", "abc", "00" * 31, "00" * 32 + ",", "zz" * 32])
def test_a_bad_ring_is_refused_at_start(text):
    with pytest.raises(ImproperlyConfigured, match="SEALING_KEYS"):
        sealing_keys(text)


def test_a_ring_is_read_in_its_order():
    assert sealing_keys(f"{NEW.hex()}, {OLD.hex()}") == (NEW, OLD)
    assert len(sealing_keys("", "a development secret")[0]) == 32
