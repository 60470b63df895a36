"""A merchant's program: calls the API with a key, and nothing else."""

import base64
from typing import Any

from django.test import Client

from accounts.models import Member
from developer.keys import services
from developer.keys.services import KeyRequest
from flipdash import rls

ROOTS = {"live": "/api", "test": "/big_sandbox_api"}


class Program:
    """One program with a key of its own."""

    def __init__(self, member: Member, mode: str = "live", **asked: Any) -> None:
        scope = member.scope(mode)
        with rls.inside(scope):
            self.key, self.text = services.make_key(scope, KeyRequest("Shop", is_main=False, **asked))
        self.root = ROOTS[mode]
        self.client = Client()

    def headers(self, **more: str) -> dict[str, str]:
        """Return the header that signs in, and more."""
        return {"Authorization": "Basic " + base64.b64encode(f"{self.text}:".encode()).decode(), **more}

    def get(self, path: str, query: Any = None, *, version: int = 3, **headers: Any) -> Any:
        """Call `general/balance`, say."""
        return self.client.get(f"{self.root}/v{version}/{path}", query, headers=self.headers(**headers))
