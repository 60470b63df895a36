"""QR codes as inline SVG: nothing is loaded for them, and they are sharp at any size."""

import qrcode
from django.utils.html import format_html
from django.utils.safestring import SafeString

QUIET = 4
"""Light modules around a code, as the standard wants it."""


def svg(text: str, label: str) -> SafeString:
    """Return a text as a QR code, dark on white in every theme; `label` says what it is to who doesn't see it."""
    matrix = _matrix(text)
    size = len(matrix)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{1}">'
        '<rect width="{0}" height="{0}" fill="#fff"></rect><path fill="#000" d="{2}"></path></svg>',
        size,
        label,
        "".join(_runs(matrix)),
    )


def _matrix(text: str) -> list[list[bool]]:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    return code.get_matrix()


def _runs(matrix: list[list[bool]]) -> list[str]:
    """Return the dark modules as path commands, neighbours of a line as one bar."""
    found = []
    for y, line in enumerate(matrix):
        x = 0
        while x < len(line):
            length = next((n for n, dark in enumerate(line[x:]) if not dark), len(line) - x)
            if length:
                found.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length or 1
    return found
