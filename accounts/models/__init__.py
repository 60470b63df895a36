"""Businesses, people, their membership, invitations, phones and the codes sent to them."""

from accounts.models.invitations import Invitation, InvitationQuerySet
from accounts.models.people import Business, Member, MemberQuerySet, SecondPersonRule, User, UserManager
from accounts.models.phones import OtpChallenge, PhoneDevice
from accounts.models.states import State

__all__ = [
    "Business",
    "Invitation",
    "InvitationQuerySet",
    "Member",
    "MemberQuerySet",
    "OtpChallenge",
    "PhoneDevice",
    "SecondPersonRule",
    "State",
    "User",
    "UserManager",
]
