"""How text is found among millions of rows: the keys that an index holds of it (transactions/migrations/0005)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class SearchKeys(models.Func):
    """The keys under which a text is found: one for every three letters in a row, made with the business and the mode.

    An index of them has a list for each three letters of each business, so that a search never walks through what
    others wrote: with plain trigrams a word that is common elsewhere takes a second (docs/performance.md).
    """

    function = "search_keys"
    output_field = ArrayField(models.BigIntegerField())
