from django.apps import AppConfig


class FlipdashConfig(AppConfig):
    name = "flipdash"

    def ready(self) -> None:
        """Make our Celery application the one that tasks belong to, in web processes too; know of new connections and
        of the mails' worker."""
        from flipdash import celery, mail, pooling, walls  # noqa: F401  (importing registers)
