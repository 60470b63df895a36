"""What a business's own systems connect with: keys, tokens; what they called, and the callbacks that they get."""

from developer.models.callbacks import Callback, CallbackAttempt, CallbackEvent, CallbackStatus, CallbackUrl
from developer.models.calls import ApiCall, Outcome
from developer.models.keys import ApiKey, SigningKey, ValidationToken
from developer.models.resends import CallbackResend

__all__ = [
    "ApiCall",
    "ApiKey",
    "Callback",
    "CallbackAttempt",
    "CallbackEvent",
    "CallbackResend",
    "CallbackStatus",
    "CallbackUrl",
    "Outcome",
    "SigningKey",
    "ValidationToken",
]
