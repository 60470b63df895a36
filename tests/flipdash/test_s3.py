"""Files in S3: stored whole, read piece by piece, shared by processes that share no disk (STORAGE_URL)."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import FileResponse
from django.utils import timezone
from moto.server import ThreadedMotoServer

from documents.models import Report
from documents.reports import services
from flipdash import orphans, rls, s3, storage_url
from flipdash import storage as disk
from flipdash.operations.state import look
from flipdash.serving import away
from imports.models import ImportJob
from tests import factories
from tests.workers import DATABASES, on_test_database

BUCKET = "flipdash-files"


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=address, **keys).create_bucket(Bucket=BUCKET)
    yield address
    server.stop()


@pytest.fixture
def url(endpoint, request):
    """The address of a folder of the test's own."""
    return f"s3://key:secret@{BUCKET}/{abs(hash(request.node.nodeid))}?region=us-east-1&endpoint={endpoint}"


@pytest.fixture
def bucket(settings, url, tmp_path):
    settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(url, tmp_path)}
    return default_storage


class Counted:
    """How much of the bodies was read, and how much of it at once."""

    def __init__(self, monkeypatch) -> None:
        self.asked, self.most = [], 0
        read = s3.Remote.readinto

        def readinto(remote, buffer):
            self.asked.append(got := read(remote, buffer))
            self.most = max(self.most, got)
            return got

        monkeypatch.setattr(s3.Remote, "readinto", readinto)


def test_what_is_stored_is_read_again_and_never_written_over(bucket):
    first = bucket.save("logos/x.png", ContentFile(b"one"))
    second = bucket.save("logos/x.png", ContentFile(b"two"))
    assert first == "logos/x.png" != second
    with bucket.open(first) as file:
        assert file.read() == b"one"
    assert (bucket.exists(second), bucket.size(second)) == (True, 3)
    for _again in range(2):
        bucket.delete(second)
    bucket.delete("")
    assert not bucket.exists(second)
    for ask in (bucket.open, bucket.size):
        with pytest.raises(FileNotFoundError):
            ask(second)


def test_a_large_file_is_never_whole_in_memory(bucket, monkeypatch):
    """Neither where it goes up, nor where it is sent on; and a download says how large it is."""
    large = os.urandom(3 * s3.AT_ONCE + 5)
    most = []

    class Watched(ContentFile):
        def read(self, size=None):
            data = super().read(size)
            most.append(len(data))
            return data

    monkeypatch.setattr(s3, "PART", 5 << 20)
    name = bucket.save("reports/1/large.xls", Watched(large))
    assert max(most) <= s3.PART
    counted = Counted(monkeypatch)
    answer = FileResponse(bucket.open(name), filename="large.xls")
    assert answer.headers["Content-Length"] == str(len(large))
    assert counted.asked == [], "nothing is fetched before somebody reads"
    assert hashlib.sha256(b"".join(answer.streaming_content)).digest() == hashlib.sha256(large).digest()
    assert counted.most == s3.AT_ONCE


def test_a_part_of_a_file_is_read_without_the_rest(bucket, monkeypatch):
    """A workbook's directory stands at its end."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ballast", os.urandom(4 * s3.AT_ONCE))
        archive.writestr("word", "kopi")
    name = bucket.save("imports/1/x", ContentFile(packed.getvalue()))
    counted = Counted(monkeypatch)
    with bucket.open(name) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("word") == b"kopi"
    assert sum(counted.asked) < 2 * s3.AT_ONCE


def test_what_was_replaced_meanwhile_is_not_read_on(bucket):
    name = bucket.save("reports/1/a", ContentFile(b"a" * (s3.AT_ONCE + 1)))
    with bucket.open(name) as file:
        file.read(1)
        key = f"{bucket.location}/{name}"
        bucket.client.put_object(Bucket=BUCKET, Key=key, Body=b"b" * (s3.AT_ONCE + 1))
        file.seek(0, io.SEEK_END)
        file.seek(s3.AT_ONCE)
        with pytest.raises(OSError, match="refuses"):
            file.read(1)


def test_an_s3_that_is_away_is_said_to_be_so(settings, tmp_path, monkeypatch):
    """503 with Retry-After for whoever waits (trust: Z2), and it is not waited for long."""
    monkeypatch.setattr(s3, "Config", lambda **given: s3_config(**{**given, "retries": {"total_max_attempts": 1}}))
    nobody = storage_url.storage("s3://key:secret@x/y?region=us-east-1&endpoint=http://127.0.0.1:9", tmp_path)
    settings.STORAGES = {**settings.STORAGES, "default": nobody}
    for ask in (
        lambda: default_storage.open("x"),
        lambda: default_storage.save("x", ContentFile(b"x")),
        lambda: default_storage.exists("x"),
        lambda: list(disk.walk(default_storage, "x")),
    ):
        with pytest.raises(disk.StorageAway) as caught:
            ask()
        assert away.is_away(caught.value)
    assert not disk.answers(default_storage)


s3_config = s3.Config


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_health_asks_where_files_are(bucket, monkeypatch):
    assert look().has_files
    monkeypatch.setattr(s3.S3Files, "check", lambda self: (_ for _ in ()).throw(disk.StorageAway("x")))
    assert "files: where they are kept can't be reached" in look().wrong


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_files_that_no_row_names_go_from_a_bucket_too(bucket, admin, monkeypatch):
    ready = {"status": "ready", "size": 1, "expires_at": timezone.now()}
    named, orphan = (bucket.save(f"reports/1/{name}.xls", ContentFile(b"x")) for name in ("a", "z"))
    other = bucket.save("somebody/else.txt", ContentFile(b"x"))
    factories.make_report(admin, stored_as=named, **ready)
    assert orphans.throw_away() == 0, "what was stored just now may have its row in a moment"
    monkeypatch.setattr(orphans, "KEPT_FOR", timedelta(seconds=-5))
    assert orphans.throw_away() == 1
    assert [bucket.exists(name) for name in (named, orphan, other)] == [True, False, True]


PROCESS = """
import django, sys
django.setup()
from django.core.files.storage import default_storage
{}
"""
WORK_ON_REPORTS = "from documents.reports.services import REPORTS; assert REPORTS.work()"
WORK_ON_IMPORTS = "from imports.services import IMPORTS; assert IMPORTS.work()"
SERVE = """
from django.conf import settings
from django.test import Client
web = Client(SERVER_NAME="localhost")
web.cookies[settings.SESSION_COOKIE_NAME] = sys.argv[1]
sys.stdout.buffer.write(b"".join(web.get(sys.argv[2]).streaming_content))
"""


def process(code: str, folder: Path, url: str, *words: str) -> subprocess.Popen:
    """Start a process that has nothing of ours but Postgres, Valkey and S3."""
    folder.mkdir()
    environment = {
        **os.environ,
        **{name: on_test_database(os.environ[name]) for name in DATABASES},
        **{"DJANGO_SETTINGS_MODULE": "flipdash.settings", "FLIPDASH_DATA": str(folder), "STORAGE_URL": url},
    }
    command = [sys.executable, "-c", PROCESS.format(code), *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
def test_web_and_workers_share_nothing_but_postgres_valkey_and_s3(bucket, url, scope, web, tmp_path, asleep):
    """An upload at one web is checked by one worker; a report of another worker is served by another web."""
    factories.make_transfer(scope.business, amount=123_456)
    past = Path(__file__).parents[1].joinpath("data/money-transfers.csv").read_bytes()
    upload = SimpleUploadedFile("past.csv", past)
    assert web.post("/settings/import-history/", {"kind": "money-transfer", "file": upload}).status_code == 302
    with rls.inside(scope):
        services.request_report(scope, history="money-transfers", query="", format="csv")
    workers = [
        process(WORK_ON_REPORTS, tmp_path / "reports", url),
        process(WORK_ON_IMPORTS, tmp_path / "imports", url),
    ]
    for worker in workers:
        _out, said = worker.communicate(timeout=60)
        assert worker.returncode == 0, said.decode()
    assert ImportJob.objects.get().status == "preview"
    report = Report.objects.get()
    assert report.status == "ready"
    session = web.cookies["sessionid"].value
    other = process(SERVE, tmp_path / "web", url, session, f"/documents/reports/{report.number}/file/")
    sent, said = other.communicate(timeout=60)
    assert other.returncode == 0, said.decode()
    assert b"123456" in sent
    assert not any(path.is_file() for path in tmp_path.rglob("files/**/*"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://bucket/folder", "has to begin with s3://"),
        ("bucket", "has to begin with s3://"),
        ("s3://", "has to name a bucket"),
        ("s3://k:s@", "has to name a bucket"),
        ("s3://k:s@bucket:9000/", "no port"),
        ("s3://k@bucket", "a key without a secret"),
        ("s3://k:s/cret@bucket", "as %2F"),
        ("s3://k:s@bucket?regoin=x", "regoin=, which isn't known"),
        ("s3://k:s@bucket?endpoint=https://", "an endpoint that isn't https"),
        ("s3://k:s@bucket?endpoint=https://minio:hush", "an endpoint that isn't https"),
        ("s3://k:s@bucket?endpoint=minio:9000", "an endpoint that isn't https"),
    ],
)
def test_a_wrong_address_says_what_to_write(url, words, tmp_path):
    with pytest.raises(ImproperlyConfigured) as caught:
        storage_url.storage(url, tmp_path)
    assert words in str(caught.value)
    assert "s3://KEY:SECRET@bucket" in str(caught.value)
    assert "cret@bucket:" not in str(caught.value)


def test_a_whole_address_is_read(tmp_path):
    told = storage_url.storage("s3://K:a%2Fb%2B@my-bucket/of/us/?region=ap-southeast-3", tmp_path)["OPTIONS"]
    assert told == {
        **{"access_key": "K", "secret_key": "a/b+", "bucket_name": "my-bucket", "location": "of/us"},
        "region_name": "ap-southeast-3",
    }
    assert "access_key" not in storage_url.storage("s3://my-bucket", tmp_path)["OPTIONS"]
    assert storage_url.storage("", tmp_path)["BACKEND"] == "flipdash.storage.WholeFiles"
