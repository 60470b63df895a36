"""What the access walk needs besides its clients: the forms that pages show, and a fingerprint of a tenant's rows."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.db import connection


@dataclass
class Form:
    """A form as a browser would send it."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms, self.current = page, [], None

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = dict(attributes)
        if tag == "form":
            self.current = Form(given.get("action") or self.page)
            if (given.get("method") or "get").lower() == "post":
                self.forms.append(self.current)
        elif tag in {"input", "select", "textarea", "button"} and self.current and given.get("name"):
            self.current.fields.setdefault(given["name"], []).append(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.current = None


def forms_of(page: str, html: str) -> list[Form]:
    """Return the forms of a page that are posted."""
    reader = _Forms(page)
    reader.feed(html)
    return reader.forms


def fingerprint(business_id: int, mode: str | None = None) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has of a business, and a digest of all that is in them.

    With a mode, only of the tables whose rows belong to one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, bool_or(column_name = 'mode') FROM information_schema.columns "
            "WHERE table_schema = 'public' GROUP BY table_name HAVING bool_or(column_name = 'business_id')"
        )
        found = {}
        for table, has_mode in cursor.fetchall():
            if mode and not has_mode:
                continue
            where, values = "business_id = %s", [business_id]
            if mode:
                where, values = where + " AND mode = %s", [business_id, mode]
            cursor.execute(
                f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') "
                f'FROM "{table}" t WHERE {where}',
                values,
            )
            found[table] = cursor.fetchone()
    return found
