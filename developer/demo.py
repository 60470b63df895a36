"""The demo's programs: Kopi Kita's keys, and what they called in the last month."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from accounts.demo import KOPI_KITA
from accounts.models import Business, Member
from accounts.permissions import Role
from developer import wording
from developer.api import disbursements, errors
from developer.api.urls import ROOTS
from developer.keys.forms import MAIN_NAME
from developer.keys.services import MAC, SEAL
from developer.models import ApiCall, ApiKey, Outcome
from developer.models.calls import MOST_KEPT
from flipdash import clock, rls, sealing
from flipdash.actors import Actor
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.demo.author import programs_by
from transactions.demo.rhythm import moments
from transactions.models import MoneyTransfer

SEED = 20_261_129
DAYS = timedelta(days=29)
CALLS = {Mode.LIVE: 1_600, Mode.TEST: 240}
SHOP, CASHIER, LAPTOP = "203.0.113.24", "203.0.113.25", "198.51.100.81"
AGENTS = {SHOP: "kopikita-shop/2.4 python-requests/2.32", CASHIER: "Kasir/1.9 okhttp/4.12", LAPTOP: "curl/8.5.0"}


@dataclass(frozen=True)
class Said:
    """What a program asked, and what it was answered."""

    path: str
    status: int
    answer: Any
    query: str = ""
    method: str = "GET"
    address: str = SHOP
    stands_for: int = 1


def make_keys() -> None:
    """Make the keys of each mode that are missing: from then on the demo's programs make transfers by them."""
    scope = _developer()
    for mode in CALLS:
        with rls.inside(replace(scope, mode=mode)):
            _keys(replace(scope, mode=mode))


@programs_by
def programs(business: Business, mode: str) -> list[Actor]:
    """Return the demo's keys that may make transfers."""
    with rls.inside_of(business.pk, mode):
        keys = ApiKey.objects.filter(business=business, mode=mode, access=ApiKey.Access.FULL, is_main=True)
        return [key.actor for key in keys.order_by("pk")[:1]]


def write_calls() -> None:
    """Write the keys and calls of each mode, unless there are some."""
    for mode, count in CALLS.items():
        scope = replace(_developer(), mode=mode)
        with rls.inside(scope):
            if not ApiCall.objects.visible_to(scope).exists():
                _write(scope, count)


def _write(scope: Scope, count: int) -> None:
    dice, now = Random(f"{SEED}{scope.mode}"), clock.now()
    keys = _keys(scope)
    transfers = list(MoneyTransfer.objects.visible_to(scope).order_by("-created_at", "-id")[:400])
    rows = []
    for at in moments(dice, now - DAYS, now - timedelta(minutes=4), count, scope.zone):
        seen = dice.choices(transfers, k=8) if transfers else []
        said = _said(dice, scope, [row for row in seen if row.created_at < at])
        rows.append(_call(dice, scope, keys[said.address == CASHIER], said, at))
    ApiCall.objects.bulk_create(rows, batch_size=500)
    for key in keys:
        last = max((row for row in rows if row.key_id == key.pk), key=lambda row: row.created_at)
        key.last_used_at, key.last_used_from = last.created_at, last.address
        key.last_used_for = f"{last.method} {last.path}"
        key.save(update_fields=["last_used_at", "last_used_from", "last_used_for"])


def _developer() -> Scope:
    members = Member.objects.select_related("user", "business")
    return members.get(user__email=KOPI_KITA.email(Role.DEVELOPER)).scope(Mode.LIVE)


def _keys(scope: Scope) -> list[ApiKey]:
    """Return the key of the shop, made when the business joined, and that of the till, made lately."""
    joined, lately = scope.business.created_at, clock.now() - timedelta(days=45)
    return [
        _key(scope, MAIN_NAME, is_main=True, created_at=joined),
        _key(scope, "Kasir", access=ApiKey.Access.READ, created_at=lately),
    ]


def _key(scope: Scope, name: str, **fields: Any) -> ApiKey:
    """Make a key; that of Test Mode can be shown, that of Live Mode nobody knows."""
    existing = ApiKey.objects.visible_to(scope).filter(name=name).first()
    text = wording.new_key(scope.mode)
    return existing or ApiKey.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        name=name,
        public=wording.public_part(text),
        mac=sealing.mac(text, MAC),
        sealed=sealing.seal(text, SEAL) if scope.is_test else "",
        **scope.actor.columns("maker"),
        **fields,
    )


def _call(dice: Random, scope: Scope, key: ApiKey, said: Said, at: Any) -> ApiCall:
    body = json.dumps(said.answer)
    number = f"{dice.getrandbits(128):032x}"
    return ApiCall(
        business_id=scope.business.pk,
        mode=scope.mode,
        request_id=number,
        created_at=at,
        method=said.method,
        path=f"/{ROOTS[scope.mode]}/{said.path}",
        query=said.query,
        status=said.status,
        outcome=Outcome.of(said.status),
        key=key,
        key_name=key.name,
        key_public=key.public,
        address=said.address,
        milliseconds=int(dice.lognormvariate(3.1, 0.5)) + (1_900 if said.status == 500 else 0),
        request_headers={"Accept": "application/json", "User-Agent": AGENTS[said.address]},
        answer_headers={"Content-Length": str(len(body)), "Content-Type": "application/json", "Request-Id": number},
        answer_body=body[:MOST_KEPT],
        answer_bytes=len(body),
        stands_for=said.stands_for,
    )


def _said(dice: Random, scope: Scope, transfers: list[MoneyTransfer]) -> Said:
    """Throw what was called: mostly a look at the balance or at a transfer, and now and then a mistake."""
    throw = dice.random()
    if throw < 0.06:
        return dice.choice(list(_mistakes(scope)))
    if throw < 0.45 or not transfers:
        return Said("v3/general/balance", 200, {"balance": dice.randrange(8_000_000, 240_000_000)}, address=_from(dice))
    written = [disbursements.as_disbursement(row, 3) for row in transfers]
    if throw < 0.85:
        query = f"id={transfers[0].pk}"
        return Said("v3/get-disbursement", 200, written[0], query, address=_from(dice))
    found = {"total_data": 391, "data_per_page": len(written), "total_page": 49, "page": 1, "data": written}
    return Said("v3/disbursement", 200, found, "pagination=8&sort=-timestamp")


def _from(dice: Random) -> str:
    return CASHIER if dice.random() < 0.3 else SHOP


def _mistakes(scope: Scope) -> Iterator[Said]:
    """Yield what goes wrong with programs, each with the words that the API has for it."""
    is_zero = {"attribute": "pagination", "code": errors.BAD_PAGINATION}
    problem = is_zero | {"message": "pagination must be a positive number."}
    unknown = {"attribute": "id", "code": errors.UNKNOWN_ID, "message": "Disbursement is not found."}
    for query, fault in (("pagination=0", problem), ("id=17", unknown)):
        path = "v3/disbursement" if fault is problem else "v3/get-disbursement"
        yield Said(path, 422, {"code": "VALIDATION_ERROR", "errors": [fault]}, query)
    yield Said("v3/disbursements", 404, _named(404, "Page not found."), address=LAPTOP)
    yield Said("v3/general/balance", 405, _named(405, "Method not allowed."), method="POST", address=LAPTOP)
    yield Said("v3/general/balance", 429, _named(429, "Too many requests. Slow down."), stands_for=184)
    yield Said("v3/disbursement", 500, _named(500, "Something went wrong. Try again."), "page=12")


def _named(status: int, words: str) -> dict[str, Any]:
    return {"name": errors.NAMES[status], "message": words, "status": status}
