"""Everything that runs is killed with -9 while a merchant's program sends money (trust.md §4, Z1, Z2, Z3, Z5, L4, L8).

Web, two workers, beat, Postgres and Valkey of its own. Web and beat are started by bin/, the workers by Celery's
command, so that each has a name; the clock of one is an hour wrong, and the mail server takes calls and says nothing.
Every other victim is away for some seconds before it comes again, and when the programs have been answered for the last
time, both workers are killed at once. None is lost, none is made or sent twice, and all are final within a minute of
that.

What it doesn't show: there is no sender (developer/test_callbacks_survive.py). It takes minutes, so it runs by name:
`make torture` (CHAOS_TRANSFERS=5000 is what trust.md asks for).
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import psycopg
import pytest

from devtools.local import places, postgres, valkey
from devtools.local.processes import Child, LocalError, start, stop, wait_until

ROOT = Path(__file__).resolve().parent.parent
TRANSFERS = int(os.environ.get("CHAOS_TRANSFERS", "0"))
KILLS = max(10, TRANSFERS * 300 // 5_000)
LOSSES = 5 if TRANSFERS >= 1_000 else 1
"""How often Postgres is lost, and Valkey."""
WITHIN = 60  # seconds after the last fault
PATIENCE = 120 + TRANSFERS  # seconds until all calls have to be answered
AWAY = 5.0  # seconds, at most
CALLERS = 4
WHOLE = 87_500
FAKED = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
"""Debian's libfaketime."""
HOURS = ("+0", "+1h", "-1h")

pytestmark = pytest.mark.skipif(not TRANSFERS, reason="minutes: CHAOS_TRANSFERS=200, or make torture")

MAKE = """
from accounts import demo
from accounts.models import Member
from tests.developer.calling import Program
from tests.transactions.sending import fund
from flipdash import mail
demo.make_people()
for number in range(20):
    mail.queue(to=f"x{number}@kopikita.test", subject="Hello", text="Text", language="en")
member = Member.objects.get(user__email="admin@kopikita.test")
fund(member.business, AMOUNT)
print(Program(member).text)
"""


class House:
    """Everything of FlipDash, in processes that can be killed one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, count()
        self.place = places.make_outside(postgres.account())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.silent = socket.create_server(("127.0.0.1", 0))
        self.environment = {
            **postgres.urls(self.place),
            **valkey.urls(self.place),
            "LOCAL": "1",
            "SECRET_KEY": "chaos" * 10,
            "FLIPDASH_DATA": str(folder / "files"),
            "EMAIL_URL": f"smtp://127.0.0.1:{self.silent.getsockname()[1]}",
            "PORT": str(self.port),
            "BIND": f"127.0.0.1:{self.port}",
            "LEASE_SECONDS": "5",
            "API_CALLS_A_SECOND": "1000",
            "API_CALLS_AT_ONCE": "1000",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.starters: dict[str, Callable[[], Child]] = {
            "postgres": self.start_postgres,
            "valkey": lambda: valkey.start_valkey(self.place, keep=False),
            "web": lambda: self.start_one("web"),
            "worker": lambda: self.start_one("worker", hostname="one"),
            "skewed": lambda: self.start_one("worker", hostname="two", clock=next(self.clocks)),
            "beat": lambda: self.start_one("beat"),
        }
        dice = Random(7)
        self.clocks = iter(lambda: dice.choice(HOURS), None)
        self.children: dict[str, Child] = {}

    def start_postgres(self) -> Child:
        """Start it, also where the processes of one that was killed are still ending."""
        for _try in range(20):
            try:
                return postgres.start_postgres(self.place, keep=True, data=self.place / "pg" / "data")
            except LocalError:
                time.sleep(0.5)
        raise AssertionError("Postgres doesn't start again")

    def start_one(self, entry: str, hostname: str = "", clock: str = "+0") -> Child:
        """Start one of bin/; a worker gets a name, and may have a wrong clock."""
        environment = dict(self.environment)
        command: list[str | Path] = [ROOT / "bin" / entry]
        if hostname:
            queues = ["--queues", "default,reports,imports", "--concurrency", "2", "--hostname", f"{hostname}@chaos"]
            command = [sys.executable, "-m", "celery", "--app", "flipdash", "worker", "--loglevel", "INFO", *queues]
        if clock != "+0":
            environment |= {"LD_PRELOAD": str(FAKED), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        log = self.folder / f"{entry}{hostname}-{next(self.number)}.log"
        return start(entry, command, log=log, environment=environment)

    def run(self, *command: str) -> str:
        """Run a Django command."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def begin(self) -> str:
        """Start everything on an empty database; returns the key of a program that has money to send."""
        for name in ("postgres", "valkey"):
            self.children[name] = self.starters[name]()
        self.run("migrate", "--noinput", "--verbosity", "0")
        text = self.run("shell", "--no-imports", "--command", MAKE.replace("AMOUNT", str(TRANSFERS * WHOLE))).split()[
            -1
        ]
        for name in ("web", "worker", "skewed", "beat"):
            self.children[name] = self.starters[name]()
        wait_until(self.is_ready, seconds=60, what="Web")
        return text

    def is_ready(self) -> bool:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).status == 200
        except OSError:
            return False

    def kill(self, *names: str, away: float = 0) -> None:
        """Kill with -9, at once, and start others in their place, after some seconds."""
        for name in names:
            self.children[name].kill_group()
        for name in names:
            self.children[name].process.wait()
        time.sleep(away)
        for name in names:
            self.children[name] = self.starters[name]()

    def ask(self, statement: str) -> list[tuple]:
        with psycopg.connect(
            host=str(self.place), port=postgres.PORT, user="postgres", dbname="flipdash"
        ) as connection:
            return connection.execute(statement).fetchall()

    def end(self) -> None:
        stop(*reversed(self.children.values()))
        self.silent.close()
        shutil.rmtree(self.place, ignore_errors=True)


@pytest.fixture
def house(tmp_path):
    assert FAKED.exists(), "Install: sudo apt-get install --no-install-recommends libfaketime"
    made = House(tmp_path)
    try:
        yield made
    finally:
        made.end()


class Program:
    """Programs of a merchant, that ask again with the same key until they are answered."""

    def __init__(self, port: int, text: str) -> None:
        self.port, self.text = port, text
        self.ids: dict[int, int] = {}
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        """Answers that no fault explains: what is away is 503."""
        self.over = threading.Event()
        self.places = iter(range(1, TRANSFERS + 1))
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.call, daemon=True) for _caller in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    @property
    def is_calling(self) -> bool:
        """Whether any of them has something left to ask for."""
        return any(thread.is_alive() for thread in self.threads)

    def call(self) -> None:
        while not self.over.is_set():
            with self.lock:
                place = next(self.places, None)
            if place is None:
                return
            while not self.over.is_set() and not self.wrong and not self.create(place):
                time.sleep(0.3)
            time.sleep(0.05)

    def create(self, place: int) -> bool:
        """Ask for one transfer; one in forty fails at its bank."""
        account = f"{100_000 + place}{'9003' if place % 40 == 3 else '1234'}"
        bank = ("bca", "bni", "permata")[place % 3]
        sent = {"account_number": account, "bank_code": bank, "amount": "85000", "remark": "Gaji"}
        headers = {
            "Authorization": "Basic " + base64.b64encode(f"{self.text}:".encode()).decode(),
            "Idempotency-Key": f"order-{place}",
        }
        url = f"http://127.0.0.1:{self.port}/api/v3/disbursement"
        asked = urllib.request.Request(url, urllib.parse.urlencode(sent).encode(), headers)
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310  (ours)
                self.ids[place] = json.load(answer)["id"]
                self.answers["200"] += 1
                return True
        except urllib.error.HTTPError as refused:
            with refused:
                self.answers[str(refused.code)] += 1
                if refused.code not in {409, 429, 503}:
                    self.wrong.append(refused.read().decode()[:500])
        except (OSError, ValueError) as problem:
            self.answers[type(problem).__name__] += 1
        return False


SMALL = ("web", "worker", "skewed", "beat")


def faults(dice: Random) -> list[str]:
    """Return what is killed, one after the other: the great losses stand amid the small ones."""
    victims = [dice.choice(SMALL) for _kill in range(KILLS)]
    for number in range(LOSSES):
        for name in ("postgres", "valkey"):
            victims.insert(dice.randrange(len(victims) * number // LOSSES, len(victims)), name)
    return victims


def test_whatever_is_killed_nothing_is_lost_or_doubled(house):
    text = house.begin()
    program = Program(house.port, text)
    dice, until, kills = Random(TRANSFERS), time.monotonic() + PATIENCE, Counter[str]()
    victims = faults(dice)
    while victims or (program.is_calling and kills.total() < 2 * KILLS):
        victim = victims.pop(0) if victims else dice.choice(SMALL)
        time.sleep(0.5 + dice.random())
        house.kill(victim, away=dice.choice((0, AWAY)) * dice.random())
        kills[victim] += 1
    for thread in program.threads:
        thread.join(timeout=max(1, until - time.monotonic()))
    program.over.set()
    house.kill("worker", "skewed")
    killed_at = time.monotonic()

    def left() -> int:
        [(number,)] = house.ask(
            "SELECT count(*) FROM transactions_moneytransfer WHERE status NOT IN ('successful', 'failed')"
        )
        return number

    waiting = left()
    while left() and time.monotonic() < killed_at + WITHIN:
        time.sleep(0.2)
    took = time.monotonic() - killed_at
    print(
        f"{TRANSFERS} transfers, killed: {dict(kills)}, then both workers while {waiting} were under way: "
        f"all final {took:.1f} s after that; answers {dict(program.answers)}"
    )
    assert program.wrong == []
    assert set(program.answers) > {"200"}, "something was away"
    assert left() == 0, f"after {WITHIN} s"

    assert sorted(program.ids) == list(range(1, TRANSFERS + 1)), "every call was answered in the end"
    assert len(set(program.ids.values())) == TRANSFERS, "each by a transfer of its own"
    failed = len([place for place in program.ids if place % 40 == 3])
    statuses = dict(house.ask("SELECT status, count(*) FROM transactions_moneytransfer GROUP BY status"))
    assert statuses == {"successful": TRANSFERS - failed} | ({"failed": failed} if failed else {}), (
        "none lost or doubled"
    )
    assert house.ask("SELECT count(*), max(told) FROM transactions_simulatedpayout") == [(TRANSFERS, 1)]
    ends = dict(
        house.ask("SELECT kind, count(*) FROM deposits_posting WHERE kind IN ('capture', 'release') GROUP BY 1")
    )
    assert ends == {"capture": TRANSFERS - failed} | ({"release": failed} if failed else {})
    wait_until(house.is_ready, seconds=20, what="Web")
    house.run("check_ledger")
    house.run("check_activity")
