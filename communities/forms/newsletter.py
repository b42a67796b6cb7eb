"""The newsletter's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from communities.forms.versioned import VersionedForm
from communities.models import Community, Newsletter
from communities.validators import validate_no_placeholder, validate_plain_subject
from people.models import User
from people.nhs_forms import NhsFormMixin


class NewsletterForm(NhsFormMixin, VersionedForm):
    """A newsletter's community, title, introduction and body."""

    submit_label = "Save draft"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "body": {"rows": 20},
        "title": {"count": True},
        "introduction": {"rows": 3, "count": True},
    }

    body = forms.CharField(
        widget=forms.Textarea,
        max_length=100_000,
        help_text=(
            "A blank line begins a new paragraph. A line that begins with ## is a heading, lines that begin with - are "
            "a list. Write a link as [words](https://address)."
        ),
        error_messages={"required": "Write the newsletter."},
    )

    class Meta:
        model = Newsletter
        fields = ("community", "title", "introduction", "body")
        help_texts: ClassVar = {
            "title": "This is also the subject of the email.",
            "introduction": "One or two sentences: what is in it, and for whom.",
        }
        widgets: ClassVar = {"introduction": forms.Textarea}
        error_messages: ClassVar = {
            "community": {"required": "Choose the community that it is for."},
            "title": {"required": "Enter a title."},
            "introduction": {"required": "Enter an introduction."},
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        community = self.fields["community"]
        community.queryset = Community.objects.managed_by(user)  # type: ignore[attr-defined]
        community.empty_label = "Choose a community"  # type: ignore[attr-defined]
        self.fields["title"].validators.append(validate_plain_subject)
        for name in ("title", "introduction", "body"):
            self.fields[name].validators.append(validate_no_placeholder)

    def rebuild_with(self) -> dict[str, Any]:
        """The communities offered depend on who writes."""
        return {"user": self.user}
