"""The page a person lands on after logging in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clahrc.dashboard import dashboard_of
from people.requests import user_of


def dashboard(request: HttpRequest) -> HttpResponse:
    """What waits for the person, and where they belong."""
    return render(request, "clahrc/dashboard.html", {"dashboard": dashboard_of(user_of(request))})
