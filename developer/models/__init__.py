"""What a business's own systems connect with: keys and tokens; and what they called."""

from developer.models.calls import ApiCall, Outcome
from developer.models.keys import ApiKey, ValidationToken

__all__ = ["ApiCall", "ApiKey", "Outcome", "ValidationToken"]
