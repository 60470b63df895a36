"""FlipDash on one machine: its Postgres and Valkey, and the processes that `make run` keeps alive.

Nothing here imports Django: it has to work before the settings can be read.
"""
