"""Tools for working on FlipDash; nothing here is deployed."""
