"""Registers the shell with Django."""

from django.apps import AppConfig


class ClahrcConfig(AppConfig):
    """The pages and commands that look across every app; it has no models."""

    name = "clahrc"
