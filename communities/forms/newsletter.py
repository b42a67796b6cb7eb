"""The newsletter's forms: what it is called, how it begins, and who reads it first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from communities.forms.block import words_field
from communities.forms.versioned import VersionedForm
from communities.models import Community, Newsletter
from communities.validators import validate_no_placeholder, validate_plain_subject
from people.models import User
from people.nhs_forms import NhsFormMixin


class NewsletterForm(NhsFormMixin, VersionedForm):
    """A newsletter's community, title and introduction."""

    submit_label = "Save"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "title": {"count": True},
        "introduction": {"rows": 3, "count": True},
        "words": {"rows": 14},
    }

    class Meta:
        model = Newsletter
        fields = ("community", "title", "introduction")
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
        for name in ("title", "introduction"):
            self.fields[name].validators.append(validate_no_placeholder)

    def rebuild_with(self) -> dict[str, Any]:
        """The communities offered depend on who writes."""
        return {"user": self.user}


class NewNewsletterForm(NewsletterForm):
    """A newsletter to begin, with its first story where it is no copy of another."""

    submit_label = "Save draft"

    words = words_field(
        label="First story",
        help_text="You can add pictures, events, studies and more in the next step. A blank line begins a paragraph.",
        error_messages={"required": "Write the first story."},
    )

    def __init__(self, *args: Any, source: Newsletter | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source is not None:
            del self.fields["words"]


class ApproverForm(NhsFormMixin, forms.Form):
    """Who is asked to approve a newsletter."""

    submit_label = "Ask them"

    colleague = forms.ModelChoiceField(
        User.objects.none(),
        label="Who should read it?",
        empty_label="Choose a colleague",
        help_text="They get an email with a link to it. Anybody who may send newsletters can approve, except you.",
        error_messages={"required": "Choose a colleague."},
    )

    def __init__(self, *args: Any, colleagues: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["colleague"].queryset = colleagues  # type: ignore[attr-defined]
