"""Where the secrets of second factors are sealed."""

from allauth.mfa.models import Authenticator

from accounts.sign_in.adapter import SEALED_IN
from flipdash import resealing

resealing.PLACES.append(
    resealing.Place("Secrets of second factors", Authenticator, "data", SEALED_IN, names=("secret", "seed"))
)
