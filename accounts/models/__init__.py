"""Businesses, people and their membership."""

from accounts.models.activity import Activity, ActivityHead
from accounts.models.people import Business, Member, MemberQuerySet, User, UserManager

__all__ = ["Activity", "ActivityHead", "Business", "Member", "MemberQuerySet", "User", "UserManager"]
