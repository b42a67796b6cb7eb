"""The form on "To whom", and the name of what is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crispy_forms.layout import HTML, Layout, Submit
from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format

from communities.audiences import WHO, Choice, agreed_words, in_words
from communities.forms.fields import CommunitiesField
from communities.forms.versioned import Difference
from communities.models import Audience, Community, Newsletter, Purpose
from communities.validators import validate_plain_line
from people.form_fields import field_of
from people.models import User
from people.nhs_forms import NhsDateField, NhsFormMixin, section
from people.rules import is_programme_staff
from studies.models import Theme

#: Of how many newsletters, the latest, people can be left out.
_LATEST = 12
_NAME = {"required": "Give it a name.", "max_length": "Use at most 80 characters."}
_NOT_OFFERED = {"invalid_choice": "Choose from the communities shown.", "invalid_pk_value": "Choose from those shown."}


class SentNewslettersField(forms.ModelMultipleChoiceField):
    """Newsletters that went out. Several may have one title, so each says whose it is and when it went."""

    def label_from_instance(self, obj: Newsletter) -> str:
        """Its title, community and day."""
        sent = f", {date_format(timezone.localdate(obj.sent_at))}" if obj.sent_at else ""
        return f"{obj.title} ({obj.community.name}{sent})"


class AudienceForm(NhsFormMixin, forms.Form):
    """To whom a newsletter goes. A convenor is offered the communities that they look after, and no themes."""

    submit_label = "Save"
    COUNT = "count"
    mark_optional = False

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    communities = CommunitiesField(label="Members of these communities", required=False, error_messages=_NOT_OFFERED)
    themes = forms.ModelMultipleChoiceField(
        Theme.objects.none(),
        label="Members of every community of these themes",
        help_text="Communities that begin later are in it as well.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    involvement = forms.MultipleChoiceField(
        label="Who",
        help_text="Choose none to send it to all of them.",
        required=False,
        choices=[(kind, words.capitalize()) for kind, words in WHO.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    organisation = forms.CharField(
        label="Whose organisation has these words in it",
        help_text="As people typed it. Put a comma between organisations: any of them will do.",
        required=False,
        max_length=200,
        validators=[validate_plain_line],
    )
    area = forms.CharField(
        label="Whose town or county has these words in it",
        help_text="Few people say where they are: those who did not are left out. Put a comma between places.",
        required=False,
        max_length=200,
        validators=[validate_plain_line],
    )
    joined_from = NhsDateField(label="Joined on this day or later", subject="The first day", required=False)
    joined_until = NhsDateField(label="Joined on this day or before", subject="The last day", required=False)
    also_agreed = forms.MultipleChoiceField(
        label="Who also agreed to",
        help_text="Everybody who gets it has agreed to newsletters.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    without_communities = CommunitiesField(label="Not members of", required=False, error_messages=_NOT_OFFERED)
    without_newsletters = SentNewslettersField(
        Newsletter.objects.none(),
        label="Not those who were sent",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    save_as = forms.CharField(
        label="Save these choices as",
        help_text="A name, if you want to begin another newsletter with them.",
        required=False,
        max_length=80,
        validators=[validate_plain_line],
    )

    def __init__(self, *args: Any, newsletter: Newsletter, user: User, choice: Choice | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.newsletter, self.user = newsletter, user
        self.initial["version"] = newsletter.version
        managed = Community.objects.managed_by(user)
        for name in ("communities", "without_communities"):
            field_of(self, name, CommunitiesField).offer(managed)
        self._offer_themes()
        self._offer_newsletters(choice)
        field_of(self, "also_agreed", forms.ChoiceField).choices = [
            (each.value, agreed_words(each).capitalize()) for each in Purpose if each != Purpose.NEWSLETTERS
        ]
        if choice:
            self._begin_with(choice)

    def _offer_themes(self) -> None:
        if is_programme_staff(self.user):
            of_communities = Community.objects.public().order_by().values("study__theme")
            field_of(self, "themes", forms.ModelChoiceField).queryset = Theme.objects.filter(pk__in=of_communities)
        else:
            del self.fields["themes"]

    def _offer_newsletters(self, choice: Choice | None) -> None:
        sent = Newsletter.objects.managed_by(self.user).sent().exclude(mailing=None)
        keys = [*sent.values_list("pk", flat=True)[:_LATEST], *(choice.without_newsletters if choice else ())]
        offered = Newsletter.objects.managed_by(self.user).filter(pk__in=keys).order_by("-sent_at", "-pk")
        offered = offered.select_related("community")
        if keys:
            field_of(self, "without_newsletters", forms.ModelChoiceField).queryset = offered
        else:
            del self.fields["without_newsletters"]

    def _begin_with(self, choice: Choice) -> None:
        """Fill in what was chosen before, as far as it is offered."""
        for name in ("communities", "without_communities"):
            self.initial[name] = Community.objects.filter(pk__in=getattr(choice, name))
        for name in ("themes", "without_newsletters"):
            self.initial[name] = list(getattr(choice, name))
        for name in ("involvement", "also_agreed"):
            self.initial[name] = list(getattr(choice, name))
        for name in ("organisation", "area", "joined_from", "joined_until"):
            self.initial[name] = getattr(choice, name)

    @property
    def field_options(self) -> Mapping[str, Mapping[str, Any]]:  # type: ignore[override]
        """The boxes are small: there are many."""
        many = ("communities", "themes", "involvement", "also_agreed", "without_communities", "without_newsletters")
        return {name: {"small": True} for name in many if name in self.fields}

    def layout(self) -> Layout:
        """Which communities, who of them, who not, and how many that is just above the buttons."""

        def offered(*names: str) -> list[str]:
            return [name for name in names if name in self.fields]

        return Layout(
            *offered("communities", "themes"),
            section("Only some of them"),
            *offered("involvement", "organisation", "area", "joined_from", "joined_until", "also_agreed"),
            section("Leave out"),
            *offered("without_communities", "without_newsletters"),
            section("Use it again"),
            "save_as",
            HTML(
                '<div class="nhsuk-inset-text app-count" role="status" data-count-url="{% url '
                '"newsletters:audience_count" newsletter.slug %}">'
                '{% include "newsletters/_audience_count.html" %}</div>'
            ),
        )

    def buttons(self) -> list[Submit]:
        """Save, and count for those whose browser runs no script."""
        return [*super().buttons(), Submit(self.COUNT, "Count", css_class="nhsuk-button--secondary")]

    def clean(self) -> dict[str, Any]:
        """Some community is chosen, and the days are in order."""
        data = super().clean() or {}
        chosen = any(name in self.errors or data.get(name) for name in ("communities", "themes"))
        if not chosen:
            self.add_error("communities", "Choose at least one community.")
        first, last = data.get("joined_from"), data.get("joined_until")
        if first and last and last < first:
            self.add_error("joined_until", "The last day must not be before the first.")
        return data

    @property
    def choice(self) -> Choice:
        """What was chosen. Only after ``is_valid()``."""
        data = self.cleaned_data

        def keys(name: str) -> frozenset[int]:
            return frozenset(row.pk for row in data.get(name) or ())

        return Choice(
            communities=keys("communities"),
            themes=keys("themes"),
            involvement=tuple(data["involvement"]),
            organisation=data["organisation"],
            area=data["area"],
            joined_from=data["joined_from"],
            joined_until=data["joined_until"],
            also_agreed=tuple(data["also_agreed"]),
            without_communities=keys("without_communities"),
            without_newsletters=keys("without_newsletters"),
        )

    def rebased_on(self, current: Newsletter) -> AudienceForm:
        """The same form as filled in, to be saved over ``current``: the next save goes through."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(current.version)
        return type(self)(data, newsletter=current, user=self.user)

    def differences_from(self, theirs: Choice) -> list[Difference]:
        """To whom it goes as somebody else saved it, if that differs. Only after ``is_valid()``."""
        return [Difference("To whom", in_words(theirs))] if theirs != self.choice else []


class AudienceNameForm(NhsFormMixin, forms.Form):
    """Another name for a saved audience."""

    submit_label = "Rename"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    name = forms.CharField(label="Name", max_length=80, validators=[validate_plain_line], error_messages=_NAME)

    def __init__(self, *args: Any, audience: Audience, **kwargs: Any) -> None:
        super().__init__(*args, initial={"name": audience.name}, **kwargs)
