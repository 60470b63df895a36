"""How often one key may call: a token bucket in Valkey, shared by all web processes (trust.md K6).

Without Valkey nobody is limited: money pages and calls go on (trust.md Z3), and what a call may cost is bounded by
Postgres's own limits. After it did not answer, the next five seconds don't ask.
"""

import logging
from functools import cache
from math import ceil
from time import monotonic

import redis
from django.conf import settings

log = logging.getLogger(__name__)
ANSWER_WITHIN, AWAY_FOR = 0.2, 5.0  # seconds

# Takes one token. Returns 0, or the milliseconds until there is one. Time is Valkey's own, one for all processes.
TAKE = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(kept[1]) or burst) + (now - (tonumber(kept[2]) or now)) * rate / 1000)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)
return wait
"""

_away_until = 0.0


@cache
def _take() -> redis.commands.core.Script:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=ANSWER_WITHIN, socket_connect_timeout=ANSWER_WITHIN
    )
    return client.register_script(TAKE)


def seconds_to_wait(key: int) -> int:
    """Take one call of a key; return 0, or the whole seconds until there is another."""
    global _away_until
    if monotonic() < _away_until:
        return 0
    try:
        wait = _take()(keys=[f"api-calls:{key}"], args=[settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE])
    except redis.RedisError:
        log.warning("Valkey doesn't answer; API calls are not limited for %s seconds", AWAY_FOR)
        _away_until = monotonic() + AWAY_FOR
        return 0
    return ceil(int(wait) / 1000)
