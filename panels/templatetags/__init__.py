"""Template tags of the panels app."""
