"""Finding the servers that come in wheels, without importing the wheels' own code."""

from importlib.util import find_spec
from pathlib import Path

from devtools.local.processes import LocalError


def wheel(package: str) -> Path:
    """The directory of an installed package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(
            f"The package {package} is not installed; requirements/development.txt has it (make setup). "
            "Without it, set DATABASE_URL, DATABASE_OWNER_URL, DATABASE_OPERATOR_URL and REDIS_URL to services of "
            "your own."
        )
    return Path(spec.submodule_search_locations[0])
