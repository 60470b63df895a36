"""What a deployment goes through: a business signs up, imports, asks for a report; everything is killed; upgraded;
backed up, spoilt, restored. Each step says how long it took, and raises LocalError where it isn't as it should be.
"""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from devtools.containers.browser import Answer, Browser
from devtools.containers.deployment import OTHERS, SERVING, Deployment
from devtools.containers.engine import HOME
from devtools.local.places import ROOT
from devtools.local.processes import LocalError, say, wait_until

NAME, EMAIL, PASSWORD = "Tini", "tini@warung.test", "gula aren dua sendok"
PAST = ROOT / "tests" / "data" / "money-transfers.csv"
BACK_SECONDS, WELL_SECONDS = 30, 150
"""Within which pages are back after a part was killed, and within which every health check has said so: a worker's
comes once a minute."""


def timed(what: str, act: Callable[[], object]) -> None:
    """Do a step, and say how long it took and what it returned."""
    began = time.monotonic()
    found = act()
    say(f"  {what}: {time.monotonic() - began:.1f} s{f', {found}' if found else ''}")


def sure(is_so: object, what: str) -> None:
    """Raise LocalError unless it is so."""
    if not is_so:
        raise LocalError(f"Not as it should be: {what}")


def is_well(deployment: Deployment) -> bool:
    """Whether every service runs, and is healthy where it has a check; migrate is done."""
    found = deployment.containers()
    for name in (*SERVING, *OTHERS):
        row = found.get(name, {})
        if row.get("State") != "running" or row.get("Health") not in ("", "healthy"):
            return False
    return str(found["migrate"]["ExitCode"]) == "0"


def up(deployment: Deployment) -> str:
    """Start it as running.md says."""
    deployment.compose("up", "--build", "--detach", seconds=1_800)
    wait_until(lambda: is_well(deployment), seconds=180, what="The deployment")
    ready = deployment.browser().open("/health/ready")
    sure(ready.status == 200, f"/health/ready answers {ready.status} {ready.text}")
    return "all healthy"


def sign_up(deployment: Deployment) -> Browser:
    """Sign up a business, and confirm its address by the link in the mail."""
    browser = deployment.browser()
    answer = browser.submit(
        "/sign-up/", business_name="Warung Bu Tini", name=NAME, email=EMAIL, password1=PASSWORD, language="en"
    )
    sure("/account/confirmation/" in answer.url, f"signing up led to {answer.url}")
    mails: list[str] = []

    def has_come() -> bool:
        mails[:] = re.findall(r"https://localhost(/account/confirmation/[^\s=]+)", deployment.mails(EMAIL))
        return bool(mails)

    wait_until(has_come, seconds=60, what="The mail with the link")
    browser.submit(mails[0])
    page = browser.open("/money-transfers/")
    sure(page.status == 200 and page.url.endswith("/money-transfers/"), f"after it {page.url} is {page.status}")
    return browser


def import_past(browser: Browser) -> str:
    """Import a history of five thousand transfers."""
    page = browser.submit("/settings/import-history/", files={"file": PAST}, kind="money-transfer")
    sure("/settings/import-history/" in page.url, f"the upload led to {page.url}")
    shown = [page]

    def has(words: str) -> Callable[[], bool]:
        def look() -> bool:
            shown[0] = browser.open(page.url)
            sure("went wrong on our side" not in shown[0].text, "the import failed")
            return words in shown[0].text

        return look

    wait_until(has('name="seen"'), seconds=60, what="The check of the import")
    browser.submit(page.url, to="confirmation")
    wait_until(has("Imported"), seconds=60, what="The import")
    return f"{len(PAST.read_text().splitlines()) - 1} rows"


def report(browser: Browser, number: int) -> str:
    """Ask for a report of the history, and wait for its file."""
    browser.submit("/documents/reports/new/?history=money-transfers", to="/documents/reports/", format="csv")
    got: list[Answer] = []

    def has_come() -> bool:
        got[:] = [browser.open(f"/documents/reports/{number}/file/")]
        return got[0].status == 200

    wait_until(has_come, seconds=120, what="The report")
    lines = got[0].text.count("\n")
    sure(lines > 5_000, f"the report has {lines} lines")
    return f"{lines} lines"


def proofs(deployment: Deployment) -> str:
    """Prove the ledger and the Activity Log."""
    return "; ".join(deployment.manage(check).splitlines()[-1] for check in ("check_ledger", "check_activity"))


def kill(deployment: Deployment, service: str) -> str:
    """Kill a service with -9; everything is well again by itself, and pages are there."""
    was = deployment.containers()[service]["ID"]
    before = deployment.engine.docker("inspect", "--format", "{{.RestartCount}}", was).stdout
    began = time.monotonic()
    deployment.kill(service)
    wait_until(
        lambda: deployment.engine.docker("inspect", "--format", "{{.RestartCount}}", was).stdout != before,
        seconds=30,
        what=f"Another {service}",
    )
    wait_until(lambda: _answers(deployment), seconds=BACK_SECONDS, what=f"Pages after {service} was killed")
    took = time.monotonic() - began
    wait_until(lambda: is_well(deployment), seconds=WELL_SECONDS, what=f"Everything after {service} was killed")
    return f"pages after {took:.1f} s"


def _answers(deployment: Deployment) -> bool:
    try:
        return deployment.browser().open("/sign-in/", seconds=5).status == 200
    except OSError:
        return False


def away(deployment: Deployment) -> str:
    """Stop web: the proxy says so in words, with the code by which browsers and programs come again."""
    deployment.compose("stop", "web")
    answer = deployment.browser().open("/sign-in/")
    sure(answer.status == 503, f"without web the proxy answers {answer.status}")
    sure("Try again" in answer.text and "Coba lagi" in answer.text, f"without web the proxy says {answer.text}")
    deployment.compose("start", "web")
    wait_until(lambda: _answers(deployment), seconds=BACK_SECONDS, what="Pages")
    return "503 in words"


def back_up(deployment: Deployment) -> Path:
    """Make a backup with bin/backup."""
    folder = HOME / "backups"
    shutil.rmtree(folder, ignore_errors=True)
    return Path(deployment.script("backup", str(folder)).splitlines()[-1])


def counts(deployment: Deployment) -> str:
    """Return how much of everything there is."""
    tables = ["accounts_business", "transactions_moneytransfer", "documents_report", "imports_importjob"]
    tables += ["accounts_activity", "deposits_posting", "accounts_user"]
    return deployment.ask("SELECT " + " || ' ' || ".join(f"(SELECT count(*) FROM {table})" for table in tables))


def restore(deployment: Deployment, backup: Path) -> str:
    """Lose everything, volumes too, and put the backup back with bin/restore."""
    before = counts(deployment)
    deployment.compose("down", "--volumes", "--timeout", "20")
    deployment.script("restore", str(backup))
    _holds_again(deployment, before)
    return f"{before} rows as before"


def restore_in_vain(deployment: Deployment, backup: Path) -> str:
    """Let the last step of a restore fail: what served before serves again."""
    before = counts(deployment)
    said = deployment.script_in_vain("restore", str(backup), "--replace", failing="flipdash_restored RENAME")
    sure("What served before is started again." in said, f"bin/restore ended with {said}")
    _holds_again(deployment, before)
    return "serves as before"


def replace(deployment: Deployment, backup: Path) -> str:
    """Put a backup in the place of what serves, where somebody has spoilt it."""
    before = counts(deployment)
    deployment.ask("UPDATE accounts_business SET name = 'Spoilt'")
    said = deployment.script("restore", str(backup), "--replace")
    _holds_again(deployment, before)
    spoilt = deployment.ask("SELECT count(*) FROM accounts_business WHERE name = 'Spoilt'")
    sure(spoilt == "0", "what was spoilt is still there")
    kept = deployment.ask("SELECT max(datname) FROM pg_database WHERE datname LIKE 'flipdash_before_%'")
    sure(kept and kept in said, f"the database of before is {kept}, and it said {said}")
    return f"{kept} is kept"


def _holds_again(deployment: Deployment, before: str) -> None:
    """All is there as before, for nobody else, and people find what is theirs."""
    wait_until(lambda: is_well(deployment), seconds=180, what="The deployment after the restore")
    after = counts(deployment)
    sure(before == after, f"there was {before}, and now {after}")
    stranger = deployment.ask("SELECT has_database_privilege('pg_monitor', 'flipdash', 'CONNECT')")
    sure(stranger == "f", "anybody may connect to the database that was restored")
    browser = deployment.browser()
    answer = browser.submit("/sign-in/", login=EMAIL, password=PASSWORD)
    sure(answer.status == 200 and "/sign-in/" not in answer.url, f"signing in led to {answer.url}")
    sure(browser.open("/documents/reports/1/file/").status == 200, "the report's file isn't there")
