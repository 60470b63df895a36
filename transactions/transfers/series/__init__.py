"""Transfers that repeat (docs/transfers.md)."""
