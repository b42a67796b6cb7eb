"""Pages that look across every app."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """What the programme is, and where to go from here."""
    return render(request, "clahrc/home.html")
