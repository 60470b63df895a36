from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and businesses"

    def ready(self) -> None:
        """Say which events people's pages tell."""
        from accounts import events as ours
        from flipdash import events

        events.declare(ours.SIGN_IN)
