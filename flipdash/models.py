"""What leaves for people: mails and messages to phones, each one a row until it is sent."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

MOST_ATTEMPTS = 8


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages to people."""

    def due(self) -> Self:
        """Those that wait for a worker and that none is sending."""
        free = models.Q(lease_until=None) | models.Q(lease_until__lt=Now())
        return self.filter(free, sent_at=None, attempt__lt=MOST_ATTEMPTS).order_by("id")


class Message(models.Model):
    """A mail, SMS or WhatsApp message. Its text is wiped once sent, except where the local Outbox shows it."""

    class Channel(models.TextChoices):
        """How it travels."""

        MAIL = "mail", _("Mail")
        SMS = "sms", "SMS"
        WHATSAPP = "whatsapp", "WhatsApp"

    channel = models.CharField(max_length=8, choices=Channel.choices)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, default="en")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]  # it has its methods

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(sent_at=None), name="message_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.subject}"
