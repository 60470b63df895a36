from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and businesses"

    def ready(self) -> None:
        """Tell what can happen to people, and keep what happens to anything in the Activity Log."""
        from accounts import frame, mails, menu, operations  # noqa: F401  (importing registers)
        from accounts.activity import history, kinds, recording  # noqa: F401  (importing registers)
        from accounts.sign_in import resets, sealed  # noqa: F401  (importing registers)
        from accounts.team import finder  # noqa: F401  (importing registers)
        from flipdash import events

        events.declare(kinds.OF_ACCOUNT, areas=kinds.AREAS, facts=kinds.FACTS)
        events.handle(recording.keep, of_many=recording.keep_many)
