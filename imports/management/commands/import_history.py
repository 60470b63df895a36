"""`import_history money-transfer FILE --business kopi-kita`: bring in past transactions of another system."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts.models import Business
from flipdash import clock
from flipdash.actors import Actor
from flipdash.mode import Mode
from flipdash.tables import Import, Outcome, kinds, read_file, run, shown

FAULTS_LISTED = 100
NAMES_LISTED = 20
SUFFIXES = {".csv", ".xls", ".xlsx"}


class Command(BaseCommand):
    """Read a file, name every fault in it, and store it whole or not at all."""

    help = (
        "Imports past transactions from another system's .csv, .xls or .xlsx. Faulty records are named, and then "
        "nothing is imported unless --skip-bad. Running it twice changes nothing. What it brings in can’t be taken "
        "back by Undo import, which is for files that a business’s people have uploaded in the page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", help=f"kind of history: {', '.join(kinds())}")
        parser.add_argument("file", help="the .csv, .xls or .xlsx file")
        parser.add_argument("--business", required=True, metavar="SLUG", help="whose transactions they are")
        parser.add_argument("--mode", choices=Mode.values, default=Mode.LIVE.value)
        parser.add_argument(
            "--dates",
            choices=["day-first", "month-first"],
            help="how 03/04/2026 is meant, where the file leaves it open",
        )
        parser.add_argument("--skip-bad", action="store_true", help="import the good records though others are bad")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import one file and say what came of it; exits with 1 when faults kept everything out."""
        kind = _kind(options["kind"])
        path = Path(options["file"])
        history = kind(
            business=_business(options["business"]),
            mode=options["mode"],
            by=_who(),
            source=shown(path.name, 190).strip("“”"),
            now=clock.now(),
        )
        if options["dates"]:
            history.choose({}, options["dates"].removesuffix("-first"))
        outcome, ignored_sheets = _import(history, path, skip_bad=options["skip_bad"])
        for name in ignored_sheets:
            self.stdout.write(_("Sheet %(name)s was not read.") % {"name": shown(name)})
        self._report(outcome)
        if history.asks_order and not options["dates"]:
            raise CommandError(_("Nothing was imported: say with --dates how days such as 03/04/2026 are meant."))
        if not outcome.is_stored:
            raise CommandError(_why_nothing(outcome, skip_bad=options["skip_bad"]))

    def _report(self, outcome: Outcome) -> None:
        for name in outcome.ignored_columns:
            self.stdout.write(_("Column %(name)s is not known and was ignored.") % {"name": name})
        for fault in outcome.faults[:FAULTS_LISTED]:
            self.stdout.write(str(fault))
        if (left := outcome.fault_count - FAULTS_LISTED) > 0:
            self.stdout.write(_("… and %(left)d more faults") % {"left": left})
        counts = {"read": outcome.read, "added": outcome.added, "there": outcome.already_there}
        self.stdout.write(_("%(read)d records read, %(added)d imported, %(there)d already there.") % counts)
        if outcome.is_stored and outcome.fault_count:
            self.stdout.write(_("%(bad)d bad records skipped.") % {"bad": outcome.read - outcome.good})
        if outcome.is_stored and outcome.added:
            self.stdout.write(_("Undo import doesn’t take these back: it is for files that were uploaded in the page."))


def _kind(name: str) -> type[Import]:
    if name in kinds():
        return kinds()[name]
    words = {"name": shown(name), "known": ", ".join(kinds())}
    raise CommandError(_("There is no kind of history %(name)s. There is: %(known)s.") % words)


def _business(slug: str) -> Business:
    try:
        return Business.objects.get(slug=slug)
    except Business.DoesNotExist:
        slugs = Business.objects.order_by("slug").values_list("slug", flat=True)[:NAMES_LISTED]
        words = {"slug": shown(slug), "known": ", ".join(slugs) or _("none yet")}
        raise CommandError(_("There is no business %(slug)s. There is: %(known)s.") % words) from None


def _import(history: Import, path: Path, *, skip_bad: bool) -> tuple[Outcome, list[str]]:
    try:
        with path.open("rb") as stream:
            rows = read_file(stream, history.header_names)
            return run(history, rows, skip_bad=skip_bad), rows.ignored_sheets
    except OSError as problem:
        words = {"path": shown(str(path), 200), "problem": problem.strerror, "known": _files_beside(path)}
        reason = _("%(path)s can't be read: %(problem)s. The files in its folder: %(known)s.") % words
        raise CommandError(reason) from problem


def _files_beside(path: Path) -> str:
    folder = path if path.is_dir() else path.parent
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    except OSError:
        names = []
    return ", ".join(shown(name) for name in names[:NAMES_LISTED]) or _("none")


def _who() -> Actor:
    try:
        return Actor.named(f"{getpass.getuser()[:60]} (import_history)")
    except (KeyError, OSError):  # a container's user may have no name
        return Actor.named("import_history")


def _why_nothing(outcome: Outcome, *, skip_bad: bool) -> str:
    if skip_bad:
        return _("Nothing was imported: a fault above puts the whole file in doubt. Correct it and run this again.")
    words = {"count": outcome.fault_count}
    return _("Nothing was imported, because of %(count)d faults. Correct them, or add --skip-bad.") % words
