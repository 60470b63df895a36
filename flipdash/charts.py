"""Small charts as SVG: a picture beside figures that stand in a table too.

No script and no style: what a shape means is its class, the colours are the stylesheet's (components/chart.css). A
picture is stretched to the width that it gets, so it holds no text; names of axes stand around it. Its numbers are
rounded to the grid of the picture, never the other way round.
"""

from collections.abc import Sequence

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

HEIGHT = 1_000
"""The picture's own units from top to bottom."""
SLOT = 100
"""And the width of one step, of which a bar takes BAR."""
BAR = 64


def bars(up: Sequence[int], down: Sequence[int], said: Sequence[str], *, label: str, told: str) -> SafeString:
    """Return bars above a line and under it, one pair a step, on one scale; `said` is what each pair is called.

    `label` names the picture, and `told` says in words what it shows. Figures are zero or more.
    """
    most = max(max(up, default=0) + max(down, default=0), 1)
    line = _part(max(up, default=0), most)
    pairs = []
    for step, (above, below, words) in enumerate(zip(up, down, said, strict=True)):
        x, over, under = step * SLOT + (SLOT - BAR) // 2, _part(above, most), _part(below, most)
        pairs.append(
            f'<g><rect class="chart__in" x="{x}" y="{line - over}" width="{BAR}" height="{over}"/>'
            f'<rect class="chart__out" x="{x}" y="{line}" width="{BAR}" height="{under}"/>'
            f"<title>{escape(words)}</title></g>"
        )
    axis = f'<path class="chart__axis" d="M0 {line}H{len(up) * SLOT}"/>'
    # Numbers are written as they are; whatever is words is escaped.
    return _picture(len(up) * SLOT, mark_safe("".join(pairs) + axis), label, told)  # noqa: S308


def area(values: Sequence[int], *, label: str, told: str) -> SafeString:
    """Return a line with the area under it, from zero up; named likewise. Figures are zero or more."""
    most = max(max(values, default=0), 1)
    # A step is level until the next: a balance doesn't glide from one day's end to the next one's.
    steps = "".join(f"V{HEIGHT - _part(value, most)}h{SLOT}" for value in values)
    first = HEIGHT - _part(values[0], most) if values else HEIGHT
    shapes = format_html(
        '<path class="chart__area" d="M0 {}V{}{}V{}Z"/><path class="chart__line" d="M0 {}{}"/>',
        *(HEIGHT, first, SafeString(steps), HEIGHT),
        *(first, SafeString(steps)),
    )
    return _picture(len(values) * SLOT, shapes, label, told)


def _part(value: int, most: int) -> int:
    """Return how high a figure is in the picture: what isn't zero is always seen."""
    return max(value * HEIGHT // most, 12 if value > 0 else 0)


def _picture(width: int, shapes: SafeString, label: str, told: str) -> SafeString:
    """Return the picture; a browser says `label`, and then `told`."""
    return format_html(
        '<svg class="chart__picture" viewBox="0 -20 {} {}" preserveAspectRatio="none" role="img">'
        "<title>{}</title><desc>{}</desc>{}</svg>",
        *(max(width, 1), HEIGHT + 40, label, told, shapes),
    )
