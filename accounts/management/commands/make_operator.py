"""Let somebody into the back office."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts import operators
from accounts.addresses import AddressField
from accounts.sign_in.passwords import NewPasswordField, refuse_personal
from flipdash.lines import NotALine, clean_line


class Command(BaseCommand):
    """Ask for a password at the terminal; it is never shown, and never taken from the command line."""

    help = "Make one of the operator's people. They need a second factor before the back office opens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address and the name."""
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the person, or give somebody the way in who has an account and no business."""
        try:
            email = AddressField().clean(options["email"])
            name = clean_line(options["name"]) or email.partition("@")[0]
            password = getpass("Password: ")
            if password != getpass("Once more: "):
                raise CommandError("The two passwords differ. Nothing was changed.")
            refuse_personal(NewPasswordField("Password").clean(password), name, email)
            operators.make_operator(email=email, name=name, password=password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except NotALine as error:
            raise CommandError(str(error)) from error
        except operators.StillMember as error:
            raise CommandError("This person belongs to a business. The operator's people belong to none.") from error
        self.stdout.write("Done. Sign in at /sign-in/, set up a second factor, then open /admin/.")
