"""What an empty page says: why nothing was found, what can be searched, and where the words mean something."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from flipdash.histories.declaration import Declaration
from flipdash.histories.meanings import Part
from flipdash.histories.query import Query
from flipdash.histories.search import ChoiceWords, Text
from flipdash.words import either


def why(query: Query) -> Iterator[str]:
    """Yield sentences that say why a search or filters find nothing; they blame only what is there."""
    said = query.term.said if query.term else ""
    if query.filters:
        yield _("Nothing matches “%s” and these filters.") % said if said else _("Nothing matches these filters.")
    elif said:
        yield _("Nothing has all of these words.") if len(query.parts) > 1 else _("Nothing matches “%s”.") % said
    for part in query.parts:
        if part.note:
            yield part.note
        if not part.possible:
            yield _("“%s” is nothing that is searched here.") % part.said


def searched(declared: type[Declaration]) -> str:
    """Say by what the search box finds."""
    fields = declared.searched()
    labels = [label for field in fields for label in (field.labels if isinstance(field, Text) else (field.label,))]
    return _("Search finds by %s.") % either(labels)


def elsewhere(parts: Iterable[Part], others: Iterable[type[Declaration]]) -> Iterator[tuple[str, type[Declaration]]]:
    """Yield the words that other histories know as a state or a sort of theirs: “settled” is a state elsewhere."""
    for declared in others:
        fields = [field for field in declared.search if isinstance(field, ChoiceWords)]
        for part in parts:
            if all(meaning.is_text for meaning in part.meanings) and any(
                field.condition(part.said) for field in fields
            ):
                yield part.said, declared
