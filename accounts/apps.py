from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and businesses"

    def ready(self) -> None:
        """Tell what can happen to people, and keep what happens to anything in the Activity Log."""
        from accounts import activity, histories  # noqa: F401  (importing registers)
        from accounts import events as ours
        from flipdash import events

        events.declare(ours.OF_ACCOUNT)
        events.handle(activity.keep)
