"""Tasks only say that work waits. They may run twice, and the broker may lose them: beat asks again."""

from datetime import timedelta
from importlib import import_module

from celery import shared_task
from django.conf import settings
from django.db.models.functions import Now

from accounts.activity import recording as activity
from accounts.models import SignInTry, VerificationAttempt
from accounts.profile import notices
from accounts.sign_in import unconfirmed
from flipdash import sweeps


@shared_task
def seal_activity() -> None:
    """Chain the Activity Log's new rows."""
    activity.seal()


@shared_task
def tidy_people() -> None:
    """Delete what nobody needs any more: old tries, notices and sign-ups, and sessions that are over."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sweeps.run(_forget_tries, notices.throw_away_old, unconfirmed.throw_away_old, store.clear_expired)


def _forget_tries() -> None:
    for counted in (SignInTry, VerificationAttempt):
        counted.objects.filter(at__lt=Now() - timedelta(days=1)).delete()
