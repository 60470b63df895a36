"""How django-allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in only: people are made by the seed until sign-up and invitations exist."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves yet."""
        return False
