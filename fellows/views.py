"""Pages of the fellows app."""
