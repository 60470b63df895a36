"""Where secrets of callbacks are sealed; and API keys, of which only a keyed hash is kept, stay as they were made."""

from datetime import datetime

from developer.keys.services import TOKEN
from developer.models import ApiKey, CallbackUrl, ValidationToken
from flipdash import resealing


def _oldest() -> datetime | None:
    keys = ApiKey.objects.using(resealing.USING).good().order_by("created_at")
    return keys.values_list("created_at", flat=True).first()


for _column in ("sealed_secret", "sealed_old_secret"):
    resealing.PLACES.append(resealing.Place(f"Callback URLs, {_column}", CallbackUrl, _column, CallbackUrl.SECRET_SEAL))
resealing.PLACES.append(resealing.Place("Validation Tokens", ValidationToken, "sealed", TOKEN))
resealing.STAYS.append(resealing.Stay("API keys", _oldest))
