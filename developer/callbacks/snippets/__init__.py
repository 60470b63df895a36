"""How receivers verify that a callback is ours, in five languages: our own texts, each shown as it stands."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = {"python": "Python", "php": "PHP", "javascript": "JavaScript", "java": "Java", "go": "Go"}


@dataclass(frozen=True)
class Snippet:
    """A program text for people to copy."""

    name: str
    language: str
    text: str


@cache
def snippets() -> tuple[Snippet, ...]:
    """Return them all, in the order in which they are shown."""
    here = Path(__file__).parent
    return tuple(Snippet(name, words, (here / f"{name}.txt").read_text()) for name, words in LANGUAGES.items())
