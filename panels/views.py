"""Pages of the panels app."""
