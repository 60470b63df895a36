"""The mark of a view that anybody may see. What needs a permission says so with accounts.permissions.requires."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import login_not_required

V = TypeVar("V", bound=Callable)


def public(view: V) -> V:
    """Mark a view that anybody may see, signed in or not."""
    view.permission = "public"  # type: ignore[attr-defined]  # a mark on the view
    return login_not_required(view)


def polled(view: V) -> V:
    """Mark a view that a page asks for by itself: nobody is working, so it doesn't keep a session alive."""
    view.is_polled = True  # type: ignore[attr-defined]  # a mark on the view
    return view
