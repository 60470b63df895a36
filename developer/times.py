"""Times as our API and our callbacks write them."""

from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=7))
"""GMT+7, whatever the business's zone."""


def moment(at: datetime) -> str:
    """Write a moment, to the second."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
