"""Addresses of the communities app, one module for each place they hang from."""
