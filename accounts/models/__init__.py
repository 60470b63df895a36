"""Businesses, people, their membership, invitations, phones and the codes sent to them."""

from accounts.models.activity import Activity, ActivityHead
from accounts.models.invitations import Invitation, InvitationQuerySet
from accounts.models.notices import Notice
from accounts.models.people import Business, Member, MemberQuerySet, SecondPersonRule, User, UserManager
from accounts.models.phones import OtpChallenge, PhoneDevice
from accounts.models.sign_in import SignInTry, VerificationAttempt
from accounts.models.statuses import Status

__all__ = [
    "Activity",
    "ActivityHead",
    "Business",
    "Invitation",
    "InvitationQuerySet",
    "Member",
    "MemberQuerySet",
    "Notice",
    "OtpChallenge",
    "PhoneDevice",
    "SecondPersonRule",
    "SignInTry",
    "Status",
    "User",
    "UserManager",
    "VerificationAttempt",
]
