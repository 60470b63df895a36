"""`manage.py demo_developer`: what the demo's programs did."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import demo as people
from developer import demo


class Command(BaseCommand):
    """Make the demo's API keys and a month of calls, where they are missing; print nothing."""

    help = "Make the demo's API keys and their calls."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing."""
        people.check_allowed()
        demo.write_calls()
