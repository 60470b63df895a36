from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and businesses"

    def ready(self) -> None:
        """Make the kinds of event known."""
        from accounts import events as told
        from flipdash import events

        for group in (told.TEAM, told.ACCOUNT, told.PROFILE):
            events.declare(group)
