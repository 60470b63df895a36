"""A web server that is told to stop answers whoever has come, and refuses who comes after (decision 0120)."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from time import monotonic, sleep

from flipdash import processes
from tests.test_project import ROOT

SLOW = """\
import os


def app(environment, start):
    if environment["PATH_INFO"] == "/held":
        with open("began", "w"), open("go-on"):  # a pipe: opened when somebody writes
            pass
    start("200 OK", [("Content-Length", "2"), ("Connection", "close")])
    return [b"ok"]
"""


def ask(address, path: str) -> socket.socket:
    client = socket.create_connection(address, timeout=20)
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    return client


def test_who_came_is_answered_and_who_comes_is_refused(tmp_path, monkeypatch):
    (tmp_path / "held.py").write_text(SLOW)
    os.mkfifo(tmp_path / "go-on")
    with ExitStack() as opened:
        door = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        for name, value in {"WEB_WORKERS": "1", "WEB_THREADS": "1", "BIND": f"fd://{door.fileno()}"}.items():
            monkeypatch.setenv(name, value)
        command = [sys.executable, "-m", *processes.web()]
        command[command.index("flipdash.wsgi")] = "held:app"
        server = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"},
            pass_fds=[door.fileno()],
            stderr=subprocess.DEVNULL,
        )
        opened.callback(server.wait, 20)
        opened.callback(server.kill)
        address = door.getsockname()
        door.close()
        clients = [opened.enter_context(ask(address, "/held"))]
        until = monotonic() + 20
        while not (tmp_path / "began").exists() and monotonic() < until:
            sleep(0.01)
        clients.append(opened.enter_context(ask(address, "/")))  # waits for the only thread
        server.terminate()
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
        assert server.wait(20) == 0
