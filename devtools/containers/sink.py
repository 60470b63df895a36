"""A mail server that keeps what it gets, in a container beside the others: `python sink.py`, or `sink.py ADDRESS`.

Without an address it serves on port 2525; with one it prints the mails to that address, the newest first.
"""

import contextlib
import socketserver
import sys
import time
from pathlib import Path

KEPT = Path("/tmp/mails")
PORT = 2525


class Session(socketserver.StreamRequestHandler):
    """One client, who may send many mails."""

    def handle(self) -> None:
        """Say yes to everything, and keep what comes."""
        self._say("220 here")
        to: list[str] = []
        for line in self.rfile:
            word = line.decode(errors="replace").strip()
            match word[:4].upper():
                case "RCPT":
                    to.append(word.partition("<")[2].partition(">")[0].lower())
                case "DATA":
                    self._say("354 go on")
                    self._keep(to)
                    to = []
                case "QUIT":
                    return self._say("221 bye")
            self._say("250 yes")
        return None

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _keep(self, to: list[str]) -> None:
        text = b""
        for line in self.rfile:
            if line.rstrip(b"\r\n") == b".":
                break
            text += line
        for address in to:
            (KEPT / f"{time.time_ns():020}-{address}").write_bytes(text)


class Server(socketserver.ThreadingTCPServer):
    """Many clients at once."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve, or print what was sent to an address."""
    KEPT.mkdir(exist_ok=True)
    if len(sys.argv) == 2:
        for path in sorted(KEPT.glob(f"*-{sys.argv[1]}"), reverse=True):
            sys.stdout.write(path.read_text() + "\n")
        return
    with Server(("0.0.0.0", PORT), Session) as server, contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
