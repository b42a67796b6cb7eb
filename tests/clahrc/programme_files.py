"""Programme files to load, and what the database holds before and after."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps

from clahrc.programme_file.loading import load
from clahrc.programme_file.schema import check

PAPER = Path(__file__).resolve().parents[2] / "data" / "clahrc-ndl.json"

SMALL = {
    "format": 1,
    "programme": {"name": "A programme", "short_name": "AP", "starts_on": "2020-01-01", "ends_on": "2025-01-01"},
    "themes": [
        {"slug": "heart", "name": "Heart", "kind": "research"},
        {"slug": "use", "name": "Use", "kind": "implementation"},
    ],
    "studies": [
        {"slug": "one", "theme": "heart", "acronym": "ONE", "title": "First", "fellow_posts": 2, "fellows_in_post": 1},
        {"slug": "two", "theme": "heart", "acronym": "", "title": "Second", "fellow_posts": 1, "fellows_in_post": 0},
    ],
    "panels": [{"slug": "peers", "kind": "scientific", "name": "Peers", "asks": "Is it sound?"}],
}


def load_raw(raw: dict, **options):
    return load(check(raw)[0], **options)


def every_row() -> dict[str, list]:
    """All rows of the portal's own tables, so that a test can see whether anything at all changed."""
    ours = ("people", "mailing", "studies", "fellows", "communities", "panels")
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for label in ours
        for model in apps.get_app_config(label).get_models()
    }
