"""Sign-ups that nobody confirmed: gone after 30 days, with their business (decision 0145).

Nobody ever signed in there, so nothing hangs on them. Where something does, the database keeps all of it.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet
from django.db.models.functions import Now

from accounts.models import Activity, Business, Member, User

log = logging.getLogger(__name__)
KEPT_FOR = timedelta(days=30)
"""From the sign-up on. Who signs in meanwhile gets another link, which works for three days."""
A_BATCH, MOST_BATCHES = 100, 50
"""How many are deleted in one transaction, and how many such there are in one turn."""
USING = "operator"
"""The connection that sees whether anything is anybody's."""


def leave_out(businesses: QuerySet[Business]) -> QuerySet[Business]:
    """Leave out those of sign-ups that nobody confirmed: what each business gets by itself, it gets from then on."""
    people = Member.objects.using(USING).filter(business=OuterRef("pk"))
    confirmed = EmailAddress.objects.using(USING).filter(user__member__business=OuterRef("pk"), verified=True)
    return businesses.filter(~Exists(people) | Exists(confirmed))


def throw_away_old() -> int:
    """Delete those whose time is over, at most 5,000; returns how many went."""
    gone = last = 0
    for _batch in range(MOST_BATCHES):
        people = list(_old().filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:A_BATCH])
        if not people:
            break
        last = people[-1]
        gone += _delete(people)
    return gone


def _old() -> QuerySet[User]:
    """Return who never confirmed, nor ever signed in, and whose business has no Activity Log."""
    confirmed = EmailAddress.objects.using(USING).filter(user=OuterRef("pk"), verified=True)
    logged = Activity.objects.using(USING).filter(business=OuterRef("member__business"))
    people = User.objects.using(USING).filter(date_joined__lt=Now() - KEPT_FOR, is_staff=False, last_login=None)
    return people.filter(~Exists(confirmed), ~Exists(logged))


def _delete(people: Sequence[int]) -> int:
    """Delete a batch; one on which something hangs after all keeps no other."""
    try:
        return _delete_whole(people)
    except (ProtectedError, IntegrityError):
        if len(people) > 1:
            return sum(_delete([one]) for one in people)
        log.warning("sign-ups: something hangs on person %s, who never confirmed", people[0])
        return 0


def _delete_whole(people: Sequence[int]) -> int:
    with transaction.atomic(using=USING):
        # The person first, as by an invitation (free_unconfirmed): two that lock in two orders wait for each other.
        list(User.objects.using(USING).filter(pk__in=people).select_for_update().order_by("pk"))
        # Who confirms in this moment is waited for, and then isn't among them any more.
        rows = EmailAddress.objects.using(USING).filter(user__in=people).select_for_update().order_by("pk")
        list(rows)
        still = list(_old().filter(pk__in=people).values_list("pk", flat=True))
        members = Member.objects.using(USING).filter(user__in=still)
        businesses = list(members.values_list("business", flat=True))
        members.delete()
        User.objects.using(USING).filter(pk__in=still).delete()
        Business.objects.using(USING).filter(pk__in=businesses, members=None).delete()
    return len(still)
