"""Developer → API Reference: pages made from the OpenAPI document, and a way to try each call (docs/developer.md)."""
