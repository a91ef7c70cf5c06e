"""A client of somebody else's, written from docs/protocol.md alone."""
