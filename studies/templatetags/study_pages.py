"""What the pages about one study share."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import ObjectDoesNotExist
from django.template.loader import get_template
from django.urls import reverse
from django.utils.safestring import SafeString

from studies.models import Study

register = template.Library()

#: The pages about one study: their name in ``current``, their words, and their URL name. All take the study's slug.
_PAGES = (
    ("overview", "Overview", "studies:detail"),
    ("people", "People", "studies:people"),
    ("fellows", "Diffusion fellows", "fellows:study"),
    ("documents", "Documents", "studies:documents"),
    ("ledger", "Suggestions", "studies:ledger"),
    ("panels", "Panels", "panels:study"),
    ("history", "History", "studies:history"),
)


@register.simple_tag(takes_context=True)
def study_tabs(context: template.Context, study: Study, current: str = "") -> SafeString:
    """The navigation between the pages about one study, for those who may see its inside; nothing for others."""
    request = context.get("request")
    if request is None or not request.user.has_perm("studies.view_study_inside", study):
        return SafeString("")
    items = [
        {"text": words, "href": reverse(name, args=[study.slug]), "current": key == current}
        for key, words, name in _PAGES
    ]
    try:
        community: Any = getattr(study, "community", None)
    except ObjectDoesNotExist:
        community = None
    if community is not None:
        items.insert(-1, {"text": "Community", "href": community.get_absolute_url(), "current": current == "community"})
    label = f"Study {study.short_title}"
    return SafeString(get_template("components/secondary-navigation.html").render({"label": label, "items": items}))
