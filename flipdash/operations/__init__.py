"""Who runs FlipDash sees how it does: who is alive, what waits how long, how requests are answered, what fails."""
