"""`manage.py reseal`: seal everything by the first of SEALING_KEYS; `--keys` only names the keys."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flipdash import resealing, sealing


class Command(BaseCommand):
    """Seal anew what older keys have sealed, and say which older keys are still needed."""

    help = (
        "Seal by the first of SEALING_KEYS what an older one has sealed. It may be stopped and begun again, and run "
        "while FlipDash serves, once all its processes know the new key."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keys", action="store_true", help="only name the keys by their fingerprints, in order")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each place; exits with 1 when no key opens something."""
        if options["keys"]:
            self.stdout.write("\n".join(sealing.fingerprints()))
            return
        lost = 0
        for place in resealing.PLACES:
            counts = resealing.reseal(place)
            self.stdout.write(
                f"{place.name}: {counts.anew:,} sealed anew, {counts.already:,} by the first key already, "
                f"{counts.lost:,} that no key opens"
            )
            lost += counts.lost
        for name, since in resealing.stays():
            self.stdout.write(f"{name} keep the key by which they were made, the oldest on {since:%Y-%m-%d}.")
            self.stdout.write("  Every key that has been the first one since then has to stay.")
        if lost:
            raise CommandError(
                f"No key of SEALING_KEYS opens {lost:,} texts. Put the one that is missing behind the first."
            )
