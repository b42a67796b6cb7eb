"""Pages of the communities app."""
