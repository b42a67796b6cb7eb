"""The door: Django's email backend, which turns every message into rows."""
