"""What moves money: the kinds of row that postings are about, and where each opens.

A posting says its source as a word and an id; the apps that own those rows make the words known in `ready()`, so that
an entry leads to what moved it without the ledger knowing the apps above it.
"""

from dataclasses import dataclass

from django.urls import reverse

from flipdash.words import Words


@dataclass(frozen=True)
class Kind:
    """One kind of source: what people call it, and the page of one of them."""

    label: Words
    url_name: str = ""


_kinds: dict[str, Kind] = {}


def register(source_type: str, label: Words, url_name: str = "") -> None:
    """Make a kind of source known."""
    _kinds[source_type] = Kind(label, url_name)


def label_of(source_type: str) -> str:
    """Return what people call a kind of source; its own word, if nobody made it known."""
    kind = _kinds.get(source_type)
    return str(kind.label) if kind else source_type


def url_of(source_type: str, source_id: int) -> str:
    """Return the page of a source, or "" where it has none."""
    kind = _kinds.get(source_type)
    return reverse(kind.url_name, args=[source_id]) if kind and kind.url_name else ""
