"""Businesses, people and their membership."""

from accounts.models.activity import Activity, ActivityHead
from accounts.models.people import Business, Member, MemberQuerySet, User, UserManager
from accounts.models.sign_in import Guess

__all__ = ["Activity", "ActivityHead", "Business", "Guess", "Member", "MemberQuerySet", "User", "UserManager"]
