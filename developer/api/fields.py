"""What parameters and fields of answers mean, in words for people and with an example each.

The words are translated when they are shown; the document that is downloaded has them in English. Of the examples of
fields the examples of whole answers are made.
"""

from typing import Any

from pydantic import Field

MOST = 2**63 - 1
"""The largest number that an id can be."""


def told(words: Any, example: Any, **schema: Any) -> Any:
    """Declare a field of an answer, or a parameter that has to be there, with what else its schema says."""
    return Field(description=words, examples=[example], json_schema_extra=schema)


def asked(words: Any, example: str, *, name: str | None = None, **schema: Any) -> Any:
    """Declare a parameter that can be left out. It reaches us as text, and empty means absent.

    `name` is what it is called where no name of Python's will do.
    """
    extra = {"type": "string", **schema}
    return Field("", alias=name, description=words, examples=[example], json_schema_extra=extra)


def list_of(words: Any) -> Any:
    """Declare a list in an answer; its example is made of what it lists."""
    return Field(description=words)
