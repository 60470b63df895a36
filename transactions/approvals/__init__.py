"""Approvals: everything that waits for an approver, of each product that is declared (transactions/outgoing)."""
