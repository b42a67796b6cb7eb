"""Template tags of the fellows app."""
