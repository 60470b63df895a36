"""`manage.py demo_people`: who can sign in to the demo."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import demo


class Command(BaseCommand):
    """Print the demo people, one line each, with the password that they share."""

    help = "Print the demo people and their password."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a block for each business."""
        demo.check_allowed()
        for business in demo.BUSINESSES:
            self.stdout.write(business.name)
            for role in business.people:
                self.stdout.write(f"  {role.label:<18}{business.email(role):<34}Password: {demo.DEMO_PASSWORD}")
