"""The merchant API: compatible with the public Flip API (docs/developer.md)."""
