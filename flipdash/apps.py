from django.apps import AppConfig


class FlipdashConfig(AppConfig):
    name = "flipdash"
    verbose_name = "FlipDash"

    def ready(self) -> None:
        """Make our Celery application the one that tasks belong to, in web processes too; know of new connections and
        of the mails' worker; write timelines."""
        from flipdash import celery, db, events, mail, pooling, rls, roles, timeline  # noqa: F401  (importing registers)
        from flipdash.operations import errors, figures, heartbeats  # noqa: F401  (importing registers)

        events.handle(timeline.write_line, of_many=timeline.write_lines)
        errors.tell()
