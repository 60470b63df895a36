"""A web server that begins or stops refuses whom it can't answer, so that a proxy asks another (decision 0120)."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from time import monotonic, sleep

import pytest

from flipdash import processes
from tests.test_project import ROOT

WAIT = """
with open("began", "w"), open("go-on"):  # a pipe: opened when somebody writes
    pass
"""
HELD = f"""
def app(environment, start):
    if environment["PATH_INFO"] == "/held":
        {WAIT.strip().replace(chr(10), chr(10) + 8 * " ")}
    start("200 OK", [("Content-Length", "2"), ("Connection", "close")])
    return [b"ok"]
"""
LOADS = f"{WAIT}app = None\n"


def ask(address, path: str) -> socket.socket:
    client = socket.create_connection(address, timeout=20)
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    return client


def end(server: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Start bin/web's command for a program of a test, with one thread; it ends with the test."""
    with ExitStack() as opened:

        def start(program: str, bind: str, *fds: int) -> subprocess.Popen:
            (tmp_path / "program.py").write_text(program)
            os.mkfifo(tmp_path / "go-on")
            for name, value in {"WEB_WORKERS": "1", "WEB_THREADS": "1", "BIND": bind}.items():
                monkeypatch.setenv(name, value)
            command = [sys.executable, "-m", *processes.web()]
            command[command.index("flipdash.wsgi")] = "program:app"
            environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
            server = subprocess.Popen(
                command, cwd=tmp_path, env=environment, pass_fds=fds, stderr=subprocess.DEVNULL, start_new_session=True
            )
            opened.callback(server.wait, 20)
            opened.callback(end, server)
            return server

        yield start


def wait_for(path) -> None:
    until = monotonic() + 20
    while not path.exists():
        assert monotonic() < until, path
        sleep(0.01)


def test_who_came_is_answered_and_who_comes_is_refused(serve, tmp_path):
    with ExitStack() as opened:
        with socket.create_server(("127.0.0.1", 0)) as door:
            server = serve(HELD, f"fd://{door.fileno()}", door.fileno())
            address = door.getsockname()
        clients = [opened.enter_context(ask(address, "/held"))]
        wait_for(tmp_path / "began")
        clients.append(opened.enter_context(ask(address, "/")))  # waits for the only thread
        server.terminate()
        until = monotonic() + 20
        is_refused = False
        while not is_refused and monotonic() < until:
            try:
                clients.append(opened.enter_context(ask(address, "/")))
            except ConnectionError:
                is_refused = True
            sleep(0.05)
        assert is_refused, "who comes now would wait for nobody"
        (tmp_path / "go-on").write_text("")
        for client in clients[: max(2, len(clients) - 1)]:  # the last may have come in the very moment of closing
            assert client.recv(1000).startswith(b"HTTP/1.1 200"), "who came in time is answered"
            client.close()
        assert server.wait(20) == 0


def test_who_comes_while_the_code_is_loaded_is_refused_and_asks_another_web(serve, tmp_path):
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))  # nobody else gets this port
        serve(LOADS, f"127.0.0.1:{kept.getsockname()[1]}")
        wait_for(tmp_path / "began")
        with pytest.raises(ConnectionRefusedError):
            ask(kept.getsockname(), "/")
