"""Look for any change of the Activity Log."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.activity import chain
from accounts.models import Activity


class Command(BaseCommand):
    """Check every chain. Ends with 1 if anything was found."""

    help = "Find any change of the Activity Log: rows changed, removed, added, moved, cut off or left unsealed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take heads that were kept, or say what they are now."""
        parser.add_argument("--heads", action="store_true", help="print each chain's end, to be kept elsewhere")
        parser.add_argument("--against", metavar="FILE", help="heads that were kept, as --heads printed them")
        parser.add_argument("--database", default="default", help="the connection that sees all businesses")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is wrong, or that nothing is."""
        using = options["database"]
        if options["heads"]:
            self.stdout.write("\n".join(chain.heads(using)))
            return
        broken = chain.check(using)
        if options["against"]:
            try:
                broken += chain.against(Path(options["against"]).read_text().splitlines(), using)
            except ValueError as error:
                raise CommandError(f"{options['against']} holds no heads: {error}") from error
        for link in broken:
            self.stderr.write(str(link))
        if broken:
            sys.exit(1)
        rows = Activity.objects.using(using).exclude(seq=None).count()
        self.stdout.write(f"{len(chain.heads(using))} chains, {rows} sealed rows: nothing was changed.")
