"""How much history each business of the demo has."""

from dataclasses import dataclass

from flipdash.mode import Mode

SEED = 20_261_101
STEP = 500  # rows of one transaction, when the history is written


@dataclass(frozen=True)
class DemoHistory:
    """How much of a demo business's history there is in one mode, and how many of the newest are a small part of it."""

    slug: str
    mode: Mode
    total: int
    small: int
    staff: int = 0
