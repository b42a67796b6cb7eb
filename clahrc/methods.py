"""Addresses that only take forms, when somebody opens one as a page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render


class WrongMethodPageMiddleware:
    """Says what to do where a button's address was opened by itself, which Django answers with an empty page.

    People get there when their login had ended as they pressed the button: after logging in again they are led to where
    they were going (RFC 9110, 15.5.6, leaves the words to us).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Put the page where there would be none; what is allowed still stands in the header."""
        response = self.get_response(request)
        if response.status_code != 405 or request.method != "GET":
            return response
        page = render(request, "405.html", status=405)
        page.headers["Allow"] = response.headers["Allow"]
        return page
