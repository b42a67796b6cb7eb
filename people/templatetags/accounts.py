"""Template tags of the login pages."""

from __future__ import annotations

from django import template
from django.conf import settings

from people.browsers import browser_name
from people.demo import DEMO_LOGINS
from people.second_factors import has_one_to_spare, is_readable

register = template.Library()
register.filter(browser_name)
register.filter(has_one_to_spare)
register.filter(is_readable)


@register.inclusion_tag("people/demo_logins.html")
def demo_logins() -> dict[str, object]:
    """The logins of a demonstration, and nothing at all on any other installation."""
    if not settings.DEMO:
        return {}
    logins = [{"email": f"{name}@example.org", "who": who} for name, who in DEMO_LOGINS]
    return {"logins": logins, "password": settings.DEMO_PASSWORD}
