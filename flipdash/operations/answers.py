"""What programs that watch us are told: `/health/deep` for a monitor, `/metrics` for Prometheus.

Whoever asks shows OPERATIONS_TOKEN as `Authorization: Bearer …`; without that variable both are missing. They are
answered before sessions and people, as /health/live is.
"""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.utils.crypto import constant_time_compare
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from flipdash.models import RequestCount
from flipdash.operations.measures import OPERATOR, Reading
from flipdash.operations.state import QUEUES, State, is_silent, look
from flipdash.serving import counting


def deep(request: HttpRequest) -> HttpResponse:
    """Say all that is wrong, with 503; else 200."""
    refused = refusal(request)
    if refused is not None:
        return refused
    state = look()
    told = {
        "status": "wrong" if state.wrong else "ok",
        "wrong": state.wrong,
        "seconds_since_sign_of_life": {one.name: _age(one) for one in state.alive},
        "measures": {one.name: _told(one) for one in (state.room, *state.readings)},
    }
    return JsonResponse(told, status=503 if state.wrong else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Write all that is measured, as Prometheus reads it; 503 without Postgres, where it stands."""
    refused = refusal(request)
    if refused is not None:
        return refused
    state = look()
    if not state.has_database:
        return HttpResponse("The database can't be reached.\n", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse(generate_latest(Collected(state)), content_type=CONTENT_TYPE_LATEST)


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return how whoever can't show the token is answered; None for who can."""
    if not settings.OPERATIONS_TOKEN:
        return HttpResponseNotFound()
    shown = request.headers.get("Authorization", "")
    if constant_time_compare(shown, f"Bearer {settings.OPERATIONS_TOKEN}"):
        return None
    return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})


def _age(one: object) -> int:
    return int(one.age.total_seconds())  # type: ignore[attr-defined]  # heartbeats.seen adds it


def _told(reading: Reading) -> dict[str, object]:
    told: dict[str, object] = {reading.unit.value: None if reading.value is None else round(reading.value)}
    if reading.waiting is not None:
        told["waiting"] = reading.waiting
    limits = {"most": reading.most, "least": reading.least}
    return told | {name: limit for name, limit in limits.items() if limit is not None}


class Collected:
    """All that is measured; what prometheus-client calls a registry. It has no state: all of it stands in Postgres."""

    def __init__(self, state: State) -> None:
        self.state = state

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        yield from self._queues()
        yield from self._figures()
        yield from self._signs_of_life()
        yield requests(RequestCount.objects.using(OPERATOR).values_list(*COLUMNS))

    def _queues(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("flipdash_waiting", "How many wait", labels=["queue"])
        oldest = GaugeMetricFamily("flipdash_oldest_seconds", "How long the oldest has waited", labels=["queue"])
        for one in self.state.readings:
            if one.waiting is not None and one.value is not None:
                waiting.add_metric([one.name], one.waiting)
                oldest.add_metric([one.name], one.value)
        yield from (waiting, oldest)

    def _figures(self) -> Iterator[Metric]:
        for one in (self.state.room, *self.state.readings):
            if one.waiting is None and one.value is not None:
                family = CounterMetricFamily if one.is_total else GaugeMetricFamily
                with_unit = "" if one.unit.value == "count" else f"_{one.unit.value}"
                yield family(f"flipdash_{one.name}{with_unit}", str(one.name).replace("_", " "), value=one.value)
        wrong = [one for one in (self.state.room, *self.state.readings) if one.value is None]
        yield GaugeMetricFamily("flipdash_unread", "How much couldn't be read", value=len(wrong))
        yield GaugeMetricFamily("flipdash_valkey_up", "Whether Valkey answers", value=self.state.has_valkey)
        yield GaugeMetricFamily("flipdash_files_up", "Whether files can be reached", value=self.state.has_files)
        yield GaugeMetricFamily("flipdash_wrong", "How much /health/deep says is wrong", value=len(self.state.wrong))

    def _signs_of_life(self) -> Iterator[Metric]:
        ages = GaugeMetricFamily(
            "flipdash_sign_of_life_seconds", "Since beat or a worker was last heard of", labels=["name"]
        )
        taken = GaugeMetricFamily("flipdash_queue_taken", "Whether a worker takes from it", labels=["queue"])
        for one in self.state.alive:
            ages.add_metric([one.name], _age(one))
        for queue in QUEUES:
            taken.add_metric([queue], queue not in self.state.deserted)
        yield from (ages, taken)
        alive = self.state.alive
        silent = sum(map(is_silent, alive))
        yield GaugeMetricFamily("flipdash_silent", "How many weren't stopped, and say nothing", value=silent)
        killed = sum(is_silent(one) or bool(one.came_back) for one in alive)  # type: ignore[attr-defined]  # as its age
        yield GaugeMetricFamily("flipdash_killed", "How many were killed within a day, or hang", value=killed)


COLUMNS = ("route", "method", "status", "within", "requests", "milliseconds")


def requests(rows: Iterable[tuple[str, str, int, int, int, float]]) -> Metric:
    """Return how many requests were answered how, and how fast, as a histogram of seconds."""
    found = HistogramMetricFamily(
        "flipdash_request_seconds", "Requests, by how long they took", labels=["route", "method", "status"]
    )
    together: dict[tuple[str, str, int], tuple[dict[int, int], float]] = {}
    for route, method, status, within, count, milliseconds in rows:
        counts, total = together.get((route, method, status), ({}, 0.0))
        together[route, method, status] = ({**counts, within: counts.get(within, 0) + count}, total + milliseconds)
    for (route, method, status), (counts, total) in sorted(together.items()):
        buckets, so_far = [], 0
        for bound in counting.BOUNDS:
            so_far += counts.get(bound, 0)
            buckets.append((str(bound / 1_000), so_far))
        buckets.append(("+Inf", sum(counts.values())))
        found.add_metric([route, method, str(status)], buckets, total / 1_000)
    return found
