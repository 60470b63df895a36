"""What every sweep does besides waking workers: what is due is sent, what nobody approved is cancelled."""

from transactions.outgoing import acts, orders


@orders.ORDERS.tidies
def tidy() -> None:
    """Send what waited for its date, cancel what waited too long, and ask people about what was given up."""
    acts.send_due()
    acts.expire_due()
    orders.open_cases_of_given_up()
