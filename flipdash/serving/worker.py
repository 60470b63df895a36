"""gunicorn's worker with threads, which loses nobody who comes while it ends."""

from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):
    """Whoever came before the end is answered, and whoever comes after it is refused at once.

    gunicorn's own stops accepting, and closes its door with its last answer. Who comes in between is let in by the
    kernel, waits for nobody, and is thrown out: a proxy then asks another web for a page, but not for a form that was
    sent. Who is refused has sent nothing yet, and can be sent on.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take no more in, if it is the end."""
        super().set_accept_enabled(enabled)
        while self.sockets and not (enabled or self.alive):
            door = self.sockets.pop()
            self._take_who_waits(door)
            door.close()

    def _take_who_waits(self, door: Any) -> None:
        door.setblocking(False)
        held = -1
        while held != self.nr_conns:
            held = self.nr_conns
            self.accept(door)
