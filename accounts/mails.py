"""The mails of what happens to a business's people and settings, made from its events in the transaction of the act.

What a mail says comes from the event alone. An invitation's own mail is written by `team.invite`: its link is a secret,
which no event carries.
"""

from datetime import datetime
from typing import Any, cast

from accounts.models import Business, Invitation, Member, SecondPersonRule, User
from accounts.permissions import grants_admin
from flipdash import clock, events, mail
from flipdash.formats import moment_with_zone_lazy
from flipdash.mode import Mode, mode_url

ADMIN_CHANGES = {
    "member.invited": "invited",
    "member.role-changed": "",  # made or removed, or neither
    "member.deactivated": "removed",
    "member.reactivated": "made",
    "member.end-changed": "end",
}
"""What happens to who is Admin, by the events that may tell it."""


def tell_admins(business: Business, name: str, **context: Any) -> None:
    """Write a mail to each Admin of the business, in the language of each."""
    for admin in business.members.admins().select_related("user"):
        mail.send(name, to=admin.user.email, language=admin.user.language, business=business.name, **context)


@events.on(*ADMIN_CHANGES)
def tell_who_is_admin(told: events.Event) -> None:
    """Tell all Admins when somebody becomes one of them, or stops being one."""
    row = cast(Member | Invitation, told.subject)
    change = ADMIN_CHANGES[told.kind]
    if told.kind == "member.role-changed":
        was, is_now = (grants_admin(told.facts[role]) for role in ("old", "new"))
        change = "" if was == is_now else "made" if is_now else "removed"
    elif not grants_admin(row.role):
        change = ""
    if change:
        who = row.email if isinstance(row, Invitation) else f"{row.name} ({row.user.email})"
        tell_admins(row.business, "admin_change", who=who, by=told.actor.name, change=change)


@events.on("second-person.changed", "second-person.asked")
def tell_second_person_rule(told: events.Event) -> None:
    """Tell all Admins which rule holds, and from when on."""
    old, new = (_rule(told.facts[name]) for name in ("old", "new"))
    at = told.facts["holds_from"] and moment_with_zone_lazy(
        datetime.fromisoformat(told.facts["holds_from"]), told.scope.zone, told.scope.zone_name
    )
    business = cast(Business, told.subject)
    tell_admins(business, "second_person", by=told.actor.name, old=old, new=new, at=at)


@events.on("second-person.cancelled")
def tell_cancelled_rule(told: events.Event) -> None:
    """Tell all Admins that the rule stays as it is."""
    held = _rule(told.facts["held"])
    tell_admins(cast(Business, told.subject), "second_person_cancelled", by=told.actor.name, held=held)


def _rule(facts: dict[str, Any]) -> SecondPersonRule:
    return SecondPersonRule(facts["required"], facts["from_rupiah"])


@events.on("phone.verified")
def tell_phone(told: events.Event) -> None:
    """Tell the person and all Admins."""
    person = cast(User, told.subject)
    business = Business.objects.get(pk=told.scope.business.pk)
    context = {"who": f"{person.name} ({person.email})", "number": told.facts["new"]}
    tell_admins(business, "phone_changed", **context)
    if not business.members.admins().filter(user=person).exists():
        mail.send("phone_changed", to=person.email, language=person.language, business=business.name, **context)


@events.on("second-factor.reset")
def tell_reset(told: events.Event) -> None:
    """Tell the person, who signs in with the password now, and all other Admins."""
    member = cast(Member, told.subject)
    user, scope = member.user, told.scope
    at = moment_with_zone_lazy(clock.now(), scope.zone, scope.zone_name)
    facts = {"member": member.name, "by": told.actor.name, "at": at, "address": scope.address}
    sign_in_url = mode_url(Mode.LIVE, "account_login", absolute=True)
    first = {"rank": mail.Rank.SECURITY, "sign_in_url": sign_in_url}
    mail.send("second_factor_reset", to=user.email, language=user.language, **first, **facts)
    for admin in member.business.members.admins().exclude(pk=member.pk).select_related("user"):
        mail.send("second_factor_reset_admins", to=admin.user.email, language=admin.user.language, **facts)
