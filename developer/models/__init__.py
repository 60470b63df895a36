"""What a business's own systems connect with: keys and tokens."""

from developer.models.keys import ApiKey, ValidationToken

__all__ = ["ApiKey", "ValidationToken"]
