"""Inter, in which pages are set, so that they look the same everywhere: cut from Debian's package `fonts-inter`.

Each weight is two files, of which a browser loads the second only for a page with letters that the first lacks.
Where the package isn't installed, pages are set in the system's font (static/css/tokens.css).
"""

from io import BytesIO
from pathlib import Path

from fontTools import subset

FOLDER = Path("/usr/share/fonts/opentype/inter")
WEIGHTS = {"Regular": "100 524", "SemiBold": "525 900"}
"""The package's files, and the weights of the styles for which each stands."""
RANGES = {
    "latin": "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, U+2122, "
    "U+2190-2193, U+21E7, U+2212, U+2215, U+2318, U+23CE",
    "latin-ext": "U+0100-0130, U+0132-0151, U+0154-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, "
    "U+0300-036F, U+1D00-1DBF, U+1E00-1EFF, U+2070-209F, U+20A0-20AB, U+20AD-20CF, U+2C60-2C7F, U+A720-A7FF",
}
"""What is in which file, as CSS writes it: what English and Indonesian need, and the rest of what is Latin."""
FIRST = "latin"
"""The part that every page needs, and that the browser is told of at once."""
FEATURES = ("kern", "liga", "calt", "case", "ccmp", "locl", "mark", "mkmk", "tnum")


def is_installed() -> bool:
    """Return whether the package is there."""
    return all(_source(weight).is_file() for weight in WEIGHTS)


def names(part: str = "") -> list[str]:
    """Return the names of all files, or of one part's, under the static address."""
    return [_name(part_, weight) for part_ in RANGES for weight in WEIGHTS if part in ("", part_)]


def made(name: str) -> bytes:
    """Return one file's content, as WOFF2; KeyError for a name that is none of `names()`."""
    part, weight = {_name(part, weight): (part, weight) for part in RANGES for weight in WEIGHTS}[name]
    options = subset.Options(flavor="woff2", layout_features=list(FEATURES), notdef_outline=True)
    font = subset.load_font(str(_source(weight)), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=subset.parse_unicodes(RANGES[part]))
    cutter.subset(font)
    content = BytesIO()
    subset.save_font(font, content, options)
    return content.getvalue()


def styles(static_url: str) -> str:
    """Return the rules that make the files known as Inter; text shows in another font until they have come."""
    return "".join(
        f"@font-face{{font-family:Inter;font-weight:{WEIGHTS[weight]};font-display:swap;"
        f'src:url("{static_url}{_name(part, weight)}") format("woff2");unicode-range:{RANGES[part]}}}'
        for part in RANGES
        for weight in WEIGHTS
    )


def _name(part: str, weight: str) -> str:
    return f"font/inter-{part}-{weight.lower()}.woff2"


def _source(weight: str) -> Path:
    return FOLDER / f"Inter-{weight}.otf"
