from django.apps import AppConfig


class FlipdashConfig(AppConfig):
    name = "flipdash"

    def ready(self) -> None:
        """Make our Celery application the one that tasks belong to, in web processes too; know of new connections."""
        from flipdash import celery, pooling, walls  # noqa: F401  (importing registers)
