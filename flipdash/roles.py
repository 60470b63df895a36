"""Does each connection have the role that its variable is for?

Row level security (flipdash/rls.py) binds neither a superuser nor who owns the tables: a wrong name in DATABASE_URL
would take the second wall away, and nothing else would show it. So every process asks its first connection as the app
role, and as the operator, who they are and where, and serves nothing where that isn't right.
"""

import logging
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

log = logging.getLogger(__name__)

VARIABLES = {"default": "DATABASE_URL", "operator": "DATABASE_OPERATOR_URL"}
ROLES = {"default": "flipdash_app", "operator": "flipdash_operator"}
"""What docker/roles.sql makes for each."""
WHO = """
SELECT current_user, bool_or(rolsuper), bool_or(rolbypassrls),
    bool_or(pg_has_role(me.oid, datdba, 'MEMBER') OR EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND pg_has_role(me.oid, relowner, 'MEMBER'))),
    bool_or(EXISTS (SELECT FROM pg_roles WHERE rolname = %s AND pg_has_role(me.oid, oid, 'MEMBER')))
FROM pg_roles me, pg_database WHERE me.rolname IN (current_user, session_user) AND datname = current_database()
"""
"""Asked of both names that a connection may have: who may become another again is that one, too."""
WHERE = "SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE datname = current_database()"


class WrongRole(ImproperlyConfigured):
    """A connection may more than its role, or is somewhere else than the others."""


def prove(alias: str, connection: psycopg.Connection, operator: str) -> None:
    """Raise WrongRole unless the connection has a role as one of this alias; `operator` names the operator's."""
    role, is_superuser, passes_walls, is_owner, is_operator = _first(connection, WHO, [operator])
    faults = {
        "is a superuser": is_superuser,
        "bypasses row level security": passes_walls,
        "may act as the owner of the tables": is_owner,
        "may act as the operator, who sees every business": is_operator and alias == "default",
    }
    if found := [fault for fault, is_there in faults.items() if is_there]:
        raise WrongRole(
            f"{VARIABLES[alias]} connects as {role}, which {found[0]}: rows of one business could be shown to another, "
            f"or books be changed. Nothing is served. Write {ROLES[alias]} there (docker/roles.sql makes it)."
        )


def prove_same(one: psycopg.Connection, other: psycopg.Connection) -> None:
    """Raise WrongRole unless both are connected to one and the same database."""
    if _first(one, WHERE) != _first(other, WHERE):
        raise WrongRole(
            "DATABASE_URL and DATABASE_OPERATOR_URL are different databases, so sweepers and checks would look at "
            "another one than pages do. Nothing is served. Write one server and database in both."
        )


def _first(connection: psycopg.Connection, statement: Any, values: list[str] | None = None) -> Any:
    with connection.cursor() as cursor:
        return cursor.execute(statement, values).fetchone()


_proved: set[str] = set()


def prove_first_connection(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Prove the first connection that this process opens as the app role, and as the operator."""
    if connection.alias not in VARIABLES or connection.alias in _proved:
        return
    try:
        prove(connection.alias, connection.connection, connections["operator"].settings_dict["USER"])
        if connection.alias == "operator":
            _prove_beside(connection)
    except WrongRole as problem:
        log.critical("%s", problem)
        connection.close()
        raise
    _proved.add(connection.alias)


def _prove_beside(operator: BaseDatabaseWrapper) -> None:
    pages = connections["default"]
    other = pages.get_new_connection(pages.get_connection_params())
    try:
        other.autocommit = True
        prove_same(operator.connection, other)
    finally:
        other.close()


connection_created.connect(prove_first_connection, dispatch_uid="flipdash.roles")
