from django.apps import AppConfig


class FlipdashConfig(AppConfig):
    name = "flipdash"

    def ready(self) -> None:
        """Make our Celery application the one that tasks belong to, in web processes too."""
        from flipdash import celery  # noqa: F401
