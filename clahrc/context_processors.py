"""What every page needs: the programme, and the navigation of whoever is looking."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clahrc.navigation import navigation_for
from studies.models import Programme


def shell(request: HttpRequest) -> dict[str, Any]:
    """The programme and the navigation (queries only where a template asks) and whether this is a demonstration."""
    return {
        "programme": SimpleLazyObject(Programme.objects.current),
        "navigation": SimpleLazyObject(lambda: navigation_for(request)),
        "is_demo": settings.DEMO,
    }
