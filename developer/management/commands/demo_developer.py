"""`manage.py demo_developer`: what the demo's programs did, and were told."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import demo as people
from developer import demo
from developer.callbacks import demo as callbacks


class Command(BaseCommand):
    """Make the demo's API keys, a month of calls and a year of callbacks, where they are missing; print nothing."""

    help = "Make the demo's API keys, their calls and callbacks."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether the keys are all that is wanted."""
        parser.add_argument("--keys", action="store_true", help="only the keys, before the history that they make")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing."""
        people.check_allowed()
        demo.make_keys()
        if options["keys"]:
            return
        demo.write_calls()
        callbacks.write_callbacks()
