"""What people do with report templates. Whoever may download reports may keep, change and delete them."""

from collections.abc import Callable, Iterator

from django.db import IntegrityError, transaction

from accounts import rights
from accounts.permissions import Permission
from documents.models import ReportTemplate, ScheduledReport
from documents.models.templates import Chosen
from flipdash import db, events
from flipdash.histories import History
from flipdash.scope import Scope

MOST = 100
"""Templates of one business in one mode."""


class NameTaken(ValueError):
    """There is a template of this name for this history."""


class TooMany(ValueError):
    """The business keeps as many as it may."""


_before_deletion: list[Callable[[Scope, ReportTemplate], None]] = []


def before_deletion(act: Callable[[Scope, ReportTemplate], None]) -> Callable[[Scope, ReportTemplate], None]:
    """Register what is done, in the same transaction, before a template goes."""
    if act not in _before_deletion:
        _before_deletion.append(act)
    return act


def used_by(scope: Scope, template: ReportTemplate) -> Iterator[str]:
    """Yield the names of what a template was chosen for, for people who are about to delete it."""
    for schedule in ScheduledReport.objects.visible_to(scope).filter(template=template).order_by("pk"):
        yield schedule.name


@transaction.atomic
def keep(scope: Scope, kind: type[History], *, name: str, columns: Chosen) -> ReportTemplate:
    """Keep columns under a name. Raises NameTaken, TooMany, NotAllowed."""
    rights.ask_again(scope, Permission.DOWNLOAD_REPORTS)
    rights.check(scope, Permission(kind.permission))
    db.lock(f"report templates/{scope.business.pk}/{scope.mode}")
    if ReportTemplate.objects.visible_to(scope).count() >= MOST:
        raise TooMany
    template = ReportTemplate(
        business_id=scope.business.pk,
        mode=scope.mode,
        history=kind.name,
        name=name,
        columns=columns,
        **scope.actor.columns("by"),
    )
    _store(template)
    events.record(scope, "report_template.kept", template, history=kind.name, name=name)
    return template


@transaction.atomic
def change(scope: Scope, template: ReportTemplate, *, name: str, columns: Chosen) -> None:
    """Change a template; what it is used for next has the new columns. Raises NameTaken, NotAllowed, DoesNotExist."""
    locked = _lock(scope, template)
    locked.name, locked.columns = name, columns
    _store(locked)
    events.record(scope, "report_template.changed", locked, history=locked.history, name=name)


@transaction.atomic
def delete(scope: Scope, template: ReportTemplate) -> None:
    """Delete a template; reports that were made with it stay. Raises NotAllowed, DoesNotExist."""
    locked = _lock(scope, template)
    for act in _before_deletion:
        act(scope, locked)
    events.record(scope, "report_template.deleted", locked, history=locked.history, name=locked.name)
    locked.delete()


def _lock(scope: Scope, template: ReportTemplate) -> ReportTemplate:
    rows = ReportTemplate.objects.visible_to(scope)
    locked: ReportTemplate = rights.lock_row(scope, rows, template.pk, Permission.DOWNLOAD_REPORTS)
    if locked.kind:
        rights.check(scope, Permission(locked.kind.permission))
    return locked


def _store(template: ReportTemplate) -> None:
    try:
        with transaction.atomic():
            template.save(update_fields=None if template.pk is None else ["name", "columns"])
    except IntegrityError as error:
        if "reporttemplate_name_once" in str(error):
            raise NameTaken from error
        raise
