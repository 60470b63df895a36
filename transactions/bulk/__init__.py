"""Bulk Transfer: a file of up to 20,000 transfers is read, checked, repaired, confirmed, and becomes a batch."""
