"""The worker of callbacks: takes what is due, calls many hosts at once, and notes what they answered (trust.md C4, C6).

One thread of a process speaks to the database; each call has a thread of its own, which only calls. So a call that
lasts 30 seconds holds no connection and no lock, and what ends together is noted together.
"""

import logging
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
"""How many calls a second one host gets at most: each keeps its place there for so long that there are no more."""
KEEPS_PLACE = AT_ONE_HOST / PACE  # seconds
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
            news = self._collect(wait=bool(under_way))
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
                if not self._is_stopping and (is_more or None in news):
                    is_more = self._take(under_way)
            except (OperationalError, InterfaceError):
                log.warning("callbacks: the database is away; what was answered is noted later", exc_info=True)
                connections[claims.USING].close()
                sleep(PATIENCE)
                self._news.put(None)
            if not under_way and not ended and self._news.empty():
                return

    def _take(self, under_way: dict[int, Call]) -> bool:
        """Take what there are places for and call; return whether something due was left."""
        failing = sum(call.is_failing for call in under_way.values())
        room = PLACES - len(under_way)
        if room <= 0:
            return True
        taken, is_more = claims.take(room=room, failing_room=max(0, OF_FAILING - failing))
        threads = self._threads = self._threads or ThreadPoolExecutor(PLACES, thread_name_prefix="callback")
        for call in taken:
            under_way[call.attempt] = call
            threads.submit(self._call, call)
        return is_more

    def _collect(self, *, wait: bool) -> list[Ended | None]:
        """Return what has happened since the last time, and wait for it if need be."""
        news: list[Ended | None] = []
        try:
            news.append(self._news.get(timeout=PATIENCE) if wait else self._news.get_nowait())
            while True:
                news.append(self._news.get_nowait())
        except Empty:
            return news

    def _call(self, call: Call) -> None:
        began = monotonic()
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
        sleep(max(0.0, KEEPS_PLACE - (monotonic() - began)))
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
