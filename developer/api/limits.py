"""How often one key may call: a token bucket in Valkey, shared by all web processes (trust.md K6).

Without Valkey nobody is limited: money pages and calls go on (trust.md Z3), and what a call may cost is bounded by
Postgres's own limits. After it did not answer, the next five seconds don't ask.
"""

import logging
from dataclasses import dataclass
from functools import cache
from math import ceil
from time import monotonic

import redis
from django.conf import settings

log = logging.getLogger(__name__)
ANSWER_WITHIN, AWAY_FOR = 0.2, 5.0  # seconds

TOLD_EVERY = 60  # seconds
"""How often the log has a row of a key that calls too often: a flood must not fill it."""

# Takes one token. Returns the milliseconds until there is one, or 0; and for how many calls the log may have a row now.
# Time is Valkey's own, one for all processes.
TAKE = """
local rate, burst, every = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]) * 1000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'refused', 'told')
local tokens = math.min(burst, (tonumber(kept[1]) or burst) + (now - (tonumber(kept[2]) or now)) * rate / 1000)
local refused, told = tonumber(kept[3]) or 0, tonumber(kept[4]) or 0
local wait, stands_for = 0, 1
if tokens >= 1 then
  tokens = tokens - 1
else
  wait = math.ceil((1 - tokens) * 1000 / rate)
  refused = refused + 1
  stands_for = 0
  if now - told >= every then stands_for, refused, told = refused, 0, now end
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now, 'refused', refused, 'told', told)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + every)
return {wait, stands_for}
"""


@dataclass(frozen=True)
class Taken:
    """What became of one call."""

    wait: int
    """Whole seconds until another may come; 0 for a call that may come now."""
    stands_for: int
    """For how many calls the log has a row: 1; for those above the limit once a minute their number, and else 0."""


_away_until = 0.0


@cache
def _take() -> redis.commands.core.Script:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=ANSWER_WITHIN, socket_connect_timeout=ANSWER_WITHIN
    )
    return client.register_script(TAKE)


def take(key: int, bucket: str = "") -> Taken:
    """Take one call of a key; `bucket` is for calls that must not use up those of others."""
    global _away_until
    if monotonic() < _away_until:
        return Taken(0, 1)
    limits = [settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE, TOLD_EVERY]
    try:
        wait, stands_for = _take()(keys=[f"api-calls:{key}:{bucket}"], args=limits)
    except redis.RedisError:
        log.warning("Valkey doesn't answer; API calls are not limited for %s seconds", AWAY_FOR)
        _away_until = monotonic() + AWAY_FOR
        return Taken(0, 1)
    return Taken(ceil(wait / 1000), stands_for)
