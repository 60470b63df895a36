"""Draw who needs whom into docs/architecture.md: `python -m devtools.dependencies`.

An arrow goes from a part to what it imports. What follows from two other arrows is left out, so that the drawing can
be read; that there is no circle is held by import-linter in `make lint`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
NOT_DRAWN = {"admin", "apps", "demo", "management", "menu", "migrations", "tasks", "templatetags", "urls"}
"""Parts that every app has for Django's sake, and that nothing but Django or a command imports."""
Arrow = tuple[str, str]


def apps() -> list[str]:
    """Return the apps that import-linter holds apart."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


def arrows(graph: grimp.ImportGraph, depth: int) -> set[Arrow]:
    """Return who imports whom, among packages and modules of that many names."""
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            ends = [".".join(name.split(".")[:depth]) for name in (module, imported)]
            if ends[0] != ends[1] and all(end.count(".") == depth - 1 for end in ends):
                found.add((ends[0], ends[1]))
    return found


def without_detours(found: set[Arrow]) -> set[Arrow]:
    """Return the arrows that don't follow from others; of a circle, all."""
    return {(tail, head) for tail, head in found if not _reaches(found - {(tail, head)}, tail, head)}


def _reaches(found: set[Arrow], tail: str, head: str) -> bool:
    seen: set[str] = set()
    ahead = [tail]
    while ahead:
        here = ahead.pop()
        steps = {end for start, end in found if start == here} - seen
        if head in steps:
            return True
        seen |= steps
        ahead += steps
    return False


def drawings() -> Iterator[tuple[str, str]]:
    """Yield each drawing: its name, and its text in Mermaid's language."""
    graph = grimp.build_graph(*apps())
    yield "apps", _mermaid(without_detours(arrows(graph, 1)))
    parts = arrows(graph, 2)
    for app in apps():
        own = {arrow for arrow in parts if all(end.startswith(f"{app}.") for end in arrow)}
        shown = {arrow for arrow in own if not NOT_DRAWN & {end.partition(".")[2] for end in arrow}}
        if shown and app != "flipdash":  # its order is a contract of layers
            yield app, _mermaid(without_detours(shown))


def _mermaid(found: Iterable[Arrow]) -> str:
    lines = [f"    {_short(tail)} --> {_short(head)}" for tail, head in sorted(found)]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def drawn(page: str) -> str:
    """Return the page with each drawing as the code is now; KeyError for a marker that names no drawing."""
    now = dict(drawings())
    pattern = r"(<!-- drawing: (\w+) -->\n).*?(\n<!-- end -->)"
    return re.sub(pattern, lambda found: found[1] + now[found[2]] + found[3], page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
