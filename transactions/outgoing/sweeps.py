"""What every sweep does besides waking workers: what is due is sent, what waits is reminded of, and cancelled."""

from collections.abc import Callable

from flipdash import sweeps
from transactions.outgoing import acts, covering, mails, orders

Step = Callable[[], object]
_more: list[Step] = []


def also(step: Step) -> Step:
    """Register what a kind of transaction does besides, such as throwing away what nobody used."""
    if step not in _more:
        _more.append(step)
    return step


@orders.ORDERS.tidies
def tidy() -> None:
    """Send what waited for its date or the deposit, cancel what waited too long, ask people about what was given up.

    Each by itself: what fails is logged, and comes again with the next sweep.
    """
    steps = (acts.send_due, covering.go_on, acts.expire_due, mails.remind, orders.open_cases_of_given_up)
    sweeps.run(*steps, *_more)
