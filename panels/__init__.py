"""Panels, review cycles and reviews."""
