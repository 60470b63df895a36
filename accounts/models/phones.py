"""A person's phone, and the codes that are sent to it (trust.md §3, O1-O5)."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django_otp.models import Device

from flipdash.models import Message
from flipdash.scope import TenantModel, mode_known

MOST_TRIES = 5


class PhoneDevice(Device):
    """The phone number of a person; confirmed once a code that was sent to it came back.

    Not django-otp's SideChannelDevice, which keeps codes in clear text: accounts/phones/otp.py sends and verifies them.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="phone_device")
    number = models.CharField(max_length=16)
    """E.164: +628123456789."""
    confirmed_at = models.DateTimeField(null=True)

    def verify_token(self, token: str) -> bool:
        """Refuse: a code is good for one act only, so it goes through accounts.phones.otp.verify."""
        return False


class OtpChallenge(TenantModel):
    """One code that was sent: for one person, act, mode and session; five tries, five minutes, one use."""

    class Channel(models.TextChoices):
        """How a code travels."""

        SMS = Message.Channel.SMS.value, "SMS"
        WHATSAPP = Message.Channel.WHATSAPP.value, "WhatsApp"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    act = models.CharField(max_length=40)
    act_digest = models.CharField(max_length=64)
    """SHA-256 of what exactly is to be done."""
    session_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    to = models.CharField(max_length=16)
    code_mac = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            mode_known("otpchallenge"),
            models.CheckConstraint(condition=models.Q(tries__lte=MOST_TRIES), name="otpchallenge_tries"),
        ]
        indexes = [
            models.Index(fields=["user", "created_at"], name="otpchallenge_of_user"),
            models.Index(fields=["created_at"], name="otpchallenge_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.channel}"
