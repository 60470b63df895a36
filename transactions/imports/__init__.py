"""The kinds of history that can be imported; loading them makes them known."""

from transactions.imports import money_transfer  # noqa: F401
