"""The worker of callbacks: takes what is due, calls many hosts at once, and notes what they answered (trust.md C4, C6).

One thread of a process speaks to the database; each call has a thread of its own, which only calls. So a call that
lasts 30 seconds holds no connection and no lock, and what ends together is noted together.
"""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Lock
from time import monotonic, sleep

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connections

from developer.callbacks import claims, fetch, health, outbox, signing
from developer.callbacks.claims import AT_ONE_HOST, GONE, Call, Ended
from developer.callbacks.fetch import ANSWER_WITHIN, Answer

log = logging.getLogger(__name__)

PLACES = 64
"""How many calls a process makes at once."""
OF_FAILING = PLACES // 2
"""How many of them go to URLs that failed lately: a host that hangs for 30 seconds never takes all."""
PACE = 50
"""How many calls a second one host gets at most: a place there is given again only when that keeps to it."""
REST = AT_ONE_HOST / PACE  # seconds from the beginning of a call until its place is given again
MARGIN = 5.0  # seconds between the end of a call and of its lease
PATIENCE = 1.0  # seconds, before the database is asked again that was away

Post = Callable[..., Answer]


class Sender:
    """What sends callbacks in this process. Its calls of `send_due` are short, but for one that sends."""

    def __init__(self, post: Post = fetch.post) -> None:
        self._post = post
        self._news: SimpleQueue[Ended | None] = SimpleQueue()
        """Calls that have ended; None says that something may be due."""
        self._turn = Lock()
        self._is_stopping = False
        self._threads: ThreadPoolExecutor | None = None
        self._resting: list[tuple[float, str]] = []
        """Until when a place at a host isn't given again, the soonest first."""

    def send_due(self) -> None:
        """Send what is due, until nothing is. If somebody is at it in this process, they are told to look again."""
        self._news.put(None)
        while not self._news.empty() and self._turn.acquire(blocking=False):
            try:
                self._drain()
            finally:
                self._turn.release()

    def stop(self) -> None:
        """Take nothing more. What is under way ends, in 30 seconds at the latest."""
        self._is_stopping = True

    def _drain(self) -> None:
        under_way: dict[int, Call] = {}
        ended: list[Ended] = []
        is_more = False
        while True:
            # Nothing is waited for only if nothing is under way: then all is done.
            resting = self._resting if is_more else []
            until = resting[0][0] - monotonic() if resting else PATIENCE
            news = self._collect(wait=min(max(until, 0.001), PATIENCE) if under_way or resting else 0)
            for one in news:
                if one:
                    under_way.pop(one.call.attempt, None)
                    ended += [one] if one.answer else []
            try:
                if ended:
                    _note(ended)
                    gone = {one.call.url_id: one.call for one in ended if one.answer and one.answer.status == GONE}
                    ended = []
                    for call in gone.values():
                        health.switch_off(call)
                if self._is_stopping:
                    is_more = False
                elif is_more or None in news:
                    is_more = self._take(under_way)
            except (OperationalError, InterfaceError):
                log.warning("callbacks: the database is away; what was answered is noted later", exc_info=True)
                connections[claims.USING].close()
                sleep(PATIENCE)
                self._news.put(None)
            if not (under_way or ended or (is_more and self._resting)) and self._news.empty():
                return

    def _take(self, under_way: dict[int, Call]) -> bool:
        """Take what there are places for and call; return whether something due was left."""
        failing = sum(call.is_failing for call in under_way.values())
        room = PLACES - len(under_way)
        if room <= 0:
            return True
        now = monotonic()
        self._resting = [rest for rest in self._resting if rest[0] > now]
        hosts_under_way = Counter(call.host for call in under_way.values())
        resting = Counter(host for _until, host in self._resting) - hosts_under_way
        failing_room = max(0, OF_FAILING - failing)
        taken, is_more = claims.take(room=room, failing_room=failing_room, resting=list(resting.elements()))
        until = monotonic() + REST
        self._resting += [(until, call.host) for call in taken]
        threads = self._threads = self._threads or ThreadPoolExecutor(PLACES, thread_name_prefix="callback")
        for call in taken:
            under_way[call.attempt] = call
            threads.submit(self._call, call)
        return is_more

    def _collect(self, *, wait: float) -> list[Ended | None]:
        """Return what has happened since the last time; wait for it so many seconds at most."""
        news: list[Ended | None] = []
        try:
            news.append(self._news.get(timeout=wait) if wait else self._news.get_nowait())
            while True:
                news.append(self._news.get_nowait())
        except Empty:
            return news

    def _call(self, call: Call) -> None:
        answer: Answer | None
        try:
            body = outbox.body(call.data, call.token)
            headers = signing.headers(str(call.callback), call.at, body, call.secrets)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            within = min(ANSWER_WITHIN, settings.CALLBACK_LEASE_SECONDS - MARGIN)
            answer = self._post(call.url, call.mode, body, headers, within=within)
        except Exception:  # not the receiver's fault: it is made again when its lease is over
            log.exception("callback %s: the call failed on our side", call.callback)
            answer = None
        self._news.put(Ended(call, answer))


def _note(ended: list[Ended]) -> None:
    """Note how calls ended: together, or else one by one, so that one of them never keeps the others from it."""
    try:
        claims.end(ended)
    except (OperationalError, InterfaceError):
        raise
    except Error:
        log.exception("callbacks: how calls ended can't be noted together")
        for one in ended:
            try:
                claims.end([one])
            except (OperationalError, InterfaceError):
                raise
            except Error:
                log.exception("callback %s: how it ended can't be noted", one.call.callback)


SENDER = Sender()
"""The one of this process."""
