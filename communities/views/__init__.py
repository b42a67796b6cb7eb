"""Pages of the communities app, one module for each part of it."""
