"""Money that leaves: approved, held, sent, answered. What the products share; each says what is its own in one
declaration (docs/transfers.md)."""
