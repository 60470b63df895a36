"""The Compose deployment, run for real on an engine of its own: `make containers` (docs/running.md).

It needs root, and Debian's docker.io and debootstrap; what it makes is below var/containers and nowhere else.
"""
