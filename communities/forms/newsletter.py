"""The newsletter's forms: what it is called, how it begins, and what those say who read it first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet

from communities.forms.block import words_field
from communities.forms.versioned import VersionedForm
from communities.models import Community, Newsletter
from communities.validators import validate_no_placeholder, validate_plain_subject
from people.form_fields import field_of
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
        community = field_of(self, "community", forms.ModelChoiceField)
        community.queryset = Community.objects.managed_by(user)
        community.empty_label = "Choose a community"
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


class AskForm(NhsFormMixin, forms.Form):
    """Who is asked to approve a newsletter."""

    submit_label = "Ask them"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {"words": {"rows": 4, "count": True}}

    colleagues = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="Who should read it?",
        widget=forms.CheckboxSelectMultiple,
        help_text="They get an email with a link to it. One of them is enough to approve it.",
        error_messages={"required": "Choose at least one colleague."},
    )
    words = forms.CharField(
        label="Anything they should know?", required=False, max_length=2_000, widget=forms.Textarea,
    )  # fmt: skip

    def __init__(self, *args: Any, colleagues: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "colleagues", forms.ModelMultipleChoiceField).queryset = colleagues
        only = list(colleagues[:2])
        if len(only) == 1:
            self.initial["colleagues"] = [only[0].pk]
