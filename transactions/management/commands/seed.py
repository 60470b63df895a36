"""`manage.py seed`: the demo's history, or a business of any size."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import demo as people
from accounts.models import Business
from transactions import demo


class Command(BaseCommand):
    """Make the demo people and their whole history; what is there already is not made again."""

    help = "Make the demo people and their history, or fill a business to any number of money transfers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--business", metavar="SLUG", help="only this business (with --rows: default kopi-kita)")
        parser.add_argument("--rows", type=int, metavar="N", help="fill it to N money transfers in Live Mode")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what the options ask for."""
        people.make_people()
        if options["rows"] is not None:
            self.fill(options["business"] or people.KOPI_KITA.slug, options["rows"])
            return
        slugs = {history.slug for history in demo.HISTORIES}
        if options["business"] and options["business"] not in slugs:
            raise CommandError(
                f"The demo has no history for {options['business']}, only for {', '.join(sorted(slugs))}."
            )
        demo.write_all(slug=options["business"])

    def fill(self, slug: str, rows: int) -> None:
        """Fill a business, made if it is missing, and say how much was added."""
        name = slug.replace("-", " ").title()
        business, _ = Business.objects.get_or_create(slug=slug, defaults={"name": name, "legal_name": f"PT {name}"})
        added = demo.fill(business, rows=rows)
        self.stdout.write(f"{added:,} money transfers added to {business.name}.")
