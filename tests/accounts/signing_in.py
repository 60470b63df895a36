"""Signing in by the form."""

from django.http import HttpResponse
from django.test import Client

PASSWORD = "a long enough password"


def sign_in(email: str, password: str = PASSWORD, **extra: str) -> tuple[Client, HttpResponse]:
    """Send the form from a new browser; return the browser and the answer."""
    client = Client()
    return client, client.post("/sign-in/", {"login": email, "password": password, **extra})
