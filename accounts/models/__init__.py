"""Businesses, people and their membership."""

from accounts.models.people import Business, Member, MemberQuerySet, User, UserManager

__all__ = ["Business", "Member", "MemberQuerySet", "User", "UserManager"]
