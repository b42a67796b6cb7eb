"""Addresses of the panels app, one module for each place they hang from."""
