"""How FlipDash does, all together: `/health/deep`, `/metrics` and the back office's Operations are made of it."""

import shutil
from dataclasses import dataclass

import redis
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from flipdash import storage
from flipdash.models import Heartbeat
from flipdash.operations import heartbeats, measures
from flipdash.operations.measures import OPERATOR, Reading, Unit
from flipdash.serving.health import database_answers

LEAST_ROOM = 1 << 30
"""How many bytes have to be left where files are kept."""
QUEUES = ("default", "reports", "imports", "callbacks")
"""What workers have to take from, lest something waits for ever."""
VALKEY_SECONDS = 1


@dataclass(frozen=True)
class State:
    """What was found at one moment. Without a database nothing is known of who lives and what waits."""

    has_database: bool
    has_valkey: bool
    has_files: bool
    room: Reading
    alive: list[Heartbeat]
    readings: list[Reading]

    @property
    def has_beat(self) -> bool:
        """Whether the clock goes."""
        return any(one.name == heartbeats.BEAT for one in self._heard)

    @property
    def deserted(self) -> list[str]:
        """The queues that nobody takes from."""
        taken = {queue for one in self._heard for queue in one.queues.split(",")}
        return [queue for queue in QUEUES if queue not in taken]

    @property
    def _heard(self) -> list[Heartbeat]:
        return [one for one in self.alive if not is_silent(one)]

    @property
    def wrong(self) -> list[str]:
        """What somebody has to look at, in English: for programs, and for logs."""
        found = [] if self.has_valkey else ["valkey: can't be reached"]
        found += [] if self.has_files else ["files: where they are kept can't be reached"]
        if not self.has_database:
            found.append("database: can't be reached")
        else:
            found += [] if self.has_beat else ["beat: no sign of life for a minute"]
            found += [f"workers: nobody takes from the queue {queue}" for queue in self.deserted]
        return found + [reading.in_short for reading in (self.room, *self.readings) if reading.is_wrong]


def is_silent(one: Heartbeat) -> bool:
    """Return whether nothing was heard of somebody for too long; it was read with its age."""
    return bool(one.age > heartbeats.SILENT)  # type: ignore[attr-defined]  # heartbeats.seen adds it


def look() -> State:
    """Look at everything."""
    has_database = database_answers(OPERATOR)
    return State(
        has_database=has_database,
        has_valkey=valkey_answers(),
        has_files=storage.answers(default_storage),
        room=room(),
        alive=heartbeats.seen(OPERATOR) if has_database else [],
        readings=measures.readings() if has_database else [],
    )


def valkey_answers() -> bool:
    """Return whether Valkey answers this process."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=VALKEY_SECONDS, socket_connect_timeout=VALKEY_SECONDS
        ) as valkey:
            return bool(valkey.ping())
    except (redis.RedisError, OSError):
        return False


def room() -> Reading:
    """Read how much room is left where files are kept, or made before they go to S3."""
    try:
        left = float(shutil.disk_usage(settings.DATA_DIR).free)
    except OSError:
        return Reading("room", _("Room left for files"), Unit.BYTES, None, least=LEAST_ROOM)
    return Reading("room", _("Room left for files"), Unit.BYTES, left, least=LEAST_ROOM)
