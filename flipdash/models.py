"""What leaves for people: mails and messages to phones, each one a row until it is sent."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.states import State, StatusField, state


class Message(Leased):
    """A mail, SMS or WhatsApp message. Its text is wiped once sent, except where the local Outbox shows it."""

    class Channel(models.TextChoices):
        """How it travels."""

        MAIL = "mail", _("Mail")
        SMS = "sms", "SMS"
        WHATSAPP = "whatsapp", "WhatsApp"

    class Status(State):
        """Where the message stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="sending")
        SENDING = state("sending", _("Being sent"), "blue", "loader", to="queued sent failed")
        SENT = state("sent", _("Sent"), "green", "check")
        FAILED = state("failed", _("Not sent"), "red", "x", later="queued")

    class Rank(models.IntegerChoices):
        """Which mails leave first."""

        SECURITY = 0
        """What somebody waits for to get in, or has to know at once."""
        USUAL = 1
        BULK = 2
        """What one act of a business writes to thousands."""

    STEPS = {Status.QUEUED: Status.SENDING}
    PROBLEMS = {"error": _("The mail server didn’t take it.")}

    channel = models.CharField(max_length=8, choices=Channel.choices)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    late = models.CharField(max_length=30, blank=True)
    """Who writes it when it is sent, if there is anything to write (mail.send_late)."""
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, default="en")
    rank = models.PositiveSmallIntegerField(default=Rank.USUAL)
    lane = models.BigIntegerField(default=0)
    """Of BULK, the id of the business whose it is: they take turns."""
    status = StatusField(max_length=7, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(Leased.Meta):
        indexes = [
            *Leased.Meta.indexes,
            models.Index(fields=["problem", "rank", "lane", "id"], name="message_turn", condition=Q(finished_at=None)),
            models.Index(fields=["lane", "created_at"], name="message_lane", condition=Q(rank=2)),
            models.Index(fields=["started_at"], name="message_bulk", condition=Q(rank=2, started_at__isnull=False)),
        ]
        verbose_name, verbose_name_plural = _("Mail"), _("Mails")  # what the back office shows of them

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.subject}"


class Heartbeat(models.Model):
    """The last sign of life of beat or of a worker (flipdash/operations/heartbeats.py)."""

    name = models.CharField(max_length=200, primary_key=True)
    queues = models.CharField(max_length=200, blank=True)
    """What a worker takes from, comma separated."""
    seen_at = models.DateTimeField()
    killed_at = models.DateTimeField(null=True)
    """When it last began again, though it had never been stopped."""

    class Meta:
        verbose_name = verbose_name_plural = _("Operations")  # what the back office calls the page that shows them

    def __str__(self) -> str:
        return self.name


class RequestCount(models.Model):
    """How many requests for a route were answered so, within so many milliseconds, since counting began."""

    route = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=7)
    status = models.PositiveSmallIntegerField()
    within = models.PositiveIntegerField()
    """In milliseconds, one of `counting.BOUNDS`; 0: longer than all of them."""
    requests = models.BigIntegerField()
    milliseconds = models.FloatField()
    """Of all of them together."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "method", "status", "within"], name="requestcount_once"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status}"
