"""The programs that Manage API offers to verify a callback, run on what we sign (trust: C5)."""

import base64
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from playwright._impl._driver import compute_driver_executable

from developer.callbacks import signing
from developer.callbacks.snippets import snippets

BODY = 'data={"title":"Kopi é 🙂"}&token=abc'.encode()


def text_of(name: str) -> str:
    return next(snippet.text for snippet in snippets() if snippet.name == name)


def in_python(secret, headers, body) -> bool:
    program: dict = {}
    exec(text_of("python"), program)  # noqa: S102  (our own text: whether it works is the question)
    return program["is_from_flipdash"](secret, headers, body)


def in_javascript(secret, headers, body) -> bool:
    node, _cli = compute_driver_executable()
    given = (json.dumps(one) for one in (secret, headers, base64.b64encode(body).decode()))
    call = "console.log(isFromFlipDash({}, {}, Buffer.from({}, 'base64')))".format(*given)
    ran = subprocess.run([node, "-e", f"{text_of('javascript')}\n{call}"], capture_output=True, text=True, check=True)
    return {"true\n": True, "false\n": False}[ran.stdout]


@pytest.fixture(params=[in_python, in_javascript], ids=["python", "javascript"])
def verify(request):
    return request.param


def signed(*secrets, at=None, body=BODY):
    return signing.headers("cb_1", at or datetime.now(UTC), body, secrets)


def test_ours_is_taken_also_while_the_secret_changes(verify):
    old, new = signing.new_secret(), signing.new_secret()
    assert verify(new, signed(new), BODY)
    both = signed(new, old)
    assert verify(old, both, BODY)
    assert verify(new, both, BODY)


def test_what_is_not_ours_is_refused(verify):
    secret = signing.new_secret()
    good = signed(secret)
    assert not verify(secret, good, BODY + b"x")
    assert not verify(signing.new_secret(), good, BODY)
    assert not verify(secret, good | {"webhook-id": "cb_2"}, BODY)
    assert not verify(secret, good | {"webhook-signature": "v1,"}, BODY)
    assert not verify(secret, signed(secret, at=datetime.now(UTC) - timedelta(minutes=6)), BODY)
    assert not verify(secret, signed(secret, at=datetime.now(UTC) + timedelta(minutes=6)), BODY)


JAVA = """
final class Main {
    public static void main(String[] given) throws Exception {
        for (int i = 0; i < given.length; i += 5) {
            var headers = Map.of("webhook-id", given[i + 1], "webhook-timestamp", given[i + 2],
                "webhook-signature", given[i + 3]);
            System.out.println(FlipDash.isFromFlipDash(given[i], headers, Base64.getDecoder().decode(given[i + 4])));
        }
    }
}
"""


COMPILER, JVM = shutil.which("javac") or "", shutil.which("java") or ""


@pytest.mark.skipif(not (COMPILER and JVM), reason="no Java on this machine")
def test_java_says_the_same(tmp_path):
    secret, other, late = signing.new_secret(), signing.new_secret(), datetime.now(UTC) - timedelta(minutes=6)
    cases = [
        (secret, signed(secret), BODY, True),
        (other, signed(secret, other), BODY, True),
        (secret, signed(secret), BODY + b"x", False),
        (other, signed(secret), BODY, False),
        (secret, signed(secret, at=late), BODY, False),
        (secret, signed(secret) | {"webhook-signature": "v1,"}, BODY, False),
    ]
    (tmp_path / "Main.java").write_text(text_of("java") + JAVA)
    subprocess.run([COMPILER, "-J-XX:TieredStopAtLevel=1", "Main.java"], cwd=tmp_path, check=True)
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    given = [
        text
        for secret, headers, body, _is_ours in cases
        for text in (secret, *(headers[name] for name in names), base64.b64encode(body).decode())
    ]
    ran = subprocess.run([JVM, "-cp", ".", "Main", *given], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(is_ours).lower() for *_case, is_ours in cases]


def test_there_are_five_and_each_compares_in_constant_time_and_by_the_clock():
    compares = {
        "python": "hmac.compare_digest",
        "php": "hash_equals",
        "javascript": "timingSafeEqual",
        "java": "MessageDigest.isEqual",
        "go": "hmac.Equal",
    }
    assert {snippet.name for snippet in snippets()} == set(compares)
    for snippet in snippets():
        assert compares[snippet.name] in snippet.text
        assert re.search(r"300|5\*time\.Minute", snippet.text)
        assert len(max(snippet.text.splitlines(), key=len)) <= 120
