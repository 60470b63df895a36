"""What is measured: the histories of the bench's businesses, as pages ask them and as bare SQL."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from django.http import QueryDict
from django.test import Client

from accounts.models import Business, Member, User
from accounts.permissions import Role
from bench import rows
from flipdash import rls
from flipdash.histories.paging import Cursor
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, PaymentLink
from transactions.transfers.history import TransferHistory

Statement = tuple[Any, Any]
LOOKUP = "primary-key lookup"


@dataclass
class Bench:
    """The rows, the rounds, and the three businesses that are looked at."""

    superuser_url: str
    count: int
    rounds: int
    results: Path
    """Where what was measured is kept."""

    def scope(self, slug: str) -> Scope:
        """Return the scope of a business's Admin in Live Mode."""
        return admin_of(Business.objects.get(slug=slug)).scope("live")

    def client(self, slug: str) -> Client:
        """Return the signed-in browser of a business's Admin."""
        client = Client()
        client.force_login(admin_of(Business.objects.get(slug=slug)).user)
        return client

    def history(self, slug: str, query: str = "") -> TransferHistory:
        """Return a history as an address asks for it."""
        history = TransferHistory(self.scope(slug), QueryDict(query))
        assert history.is_valid, history.address.form.errors
        return history

    def deep(self, slug: str, depth: int) -> str:
        """Return the address of the page that begins so many rows below the newest."""
        scope = self.scope(slug)
        row = MoneyTransfer.objects.visible_to(scope).order_by("-created_at", "-id")[depth]
        return f"before={Cursor(row.created_at, row.pk).sign(TransferHistory.name, scope)}"

    def some(self, slug: str, place: int = 1_000) -> MoneyTransfer:
        """Return one transfer of a business."""
        return MoneyTransfer.objects.visible_to(self.scope(slug)).order_by("-created_at", "-id")[place]

    def page_sql(self, slug: str, query: str = "") -> list[Statement]:
        """Return the statements with which a page finds its rows, without the count."""
        history = self.history(slug, query)
        with statements() as made:
            history.page()
        return made

    def count_sql(self, slug: str, query: str = "") -> list[Statement]:
        """Return the statements of the count beside the page."""
        history = self.history(slug, query)
        plan = history.page().plan
        with statements() as made:
            history.count(plan)
        return made

    def link(self) -> PaymentLink:
        """Return a payment link of the largest business, in Test Mode, where there is always somebody who collects."""
        business = Business.objects.get(slug=rows.BIG)
        named = {"business": business, "mode": "test", "title": "Kelas latte art", "amount": 350_000}
        with rls.inside_of(business.pk, "test"):
            maker = admin_of(business).actor.columns("maker")
            return PaymentLink.objects.get_or_create(**named, status="active", defaults=maker)[0]

    def replay(self, made: list[Statement], *, limit: int = 0) -> Callable[[], None]:
        """Return an act that has Postgres answer the statements again, each within so many milliseconds."""
        assert made
        connection = psycopg.connect(
            os.environ["DATABASE_URL"],
            autocommit=True,
            cursor_factory=psycopg.ClientCursor,
            options=f"-c statement_timeout={limit}",
        )
        cursor = connection.cursor()

        def act() -> None:
            for sql, params in made:
                with suppress(psycopg.errors.QueryCanceled):
                    cursor.execute(sql, params).fetchall()

        return act

    def lookup(self, slug: str = rows.BIG) -> Callable[[], None]:
        """Return the yardstick: one transfer by its key."""
        transfer = MoneyTransfer.objects.filter(pk=self.some(slug).pk).values_list("pk")
        with statements() as made:
            list(transfer)
        return self.replay(made)


@contextmanager
def statements() -> Iterator[list[Statement]]:
    """Collect the statements that Django sends meanwhile, without those that set limits."""
    made: list[Statement] = []

    def note(execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SELECT set_config", "SAVEPOINT", "RELEASE")):
            made.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield made


def admin_of(business: Business) -> Member:
    """Return an Admin of the business, made if there is none."""
    member = business.members.filter(role=Role.ADMIN).first()
    if member is None:
        user = User(email=f"admin@{business.slug}.test", name="Bench Admin")
        user.set_unusable_password()
        user.save()
        member = Member.objects.create(business=business, user=user, role=Role.ADMIN)
    return member
