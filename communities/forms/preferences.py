"""Forms by which associates look after themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crispy_forms.layout import HTML, Layout
from django import forms

from communities.forms.fields import AddressField, CommunitiesField
from communities.models import Associate, Community, Involvement, Membership, Purpose
from communities.services.preferences import Choices
from communities.validators import validate_plain_line
from communities.wording import consent_wordings
from people.form_fields import field_of
from people.nhs_forms import Folded, NhsFormMixin
from people.numbers import whole_number

_MEMBER = "member"


class PreferencesForm(NhsFormMixin, forms.Form):
    """What an associate agrees to, what they want of each of their communities, and which others they join."""

    submit_label = "Save changes"
    mark_optional = False

    agree_newsletters = forms.BooleanField(required=False)
    agree_events = forms.BooleanField(required=False)
    agree_updates = forms.BooleanField(required=False)
    shown = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)
    join = CommunitiesField(label="Which communities do you want to join?", required=False)

    def __init__(self, *args: Any, associate: Associate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.memberships = list(associate.memberships.current().select_related("community").order_by("joined_at", "pk"))
        self.wordings = consent_wordings()
        standing = set(associate.consents.standing().values_list("purpose", flat=True))
        for purpose, wording in self.wordings.items():
            self.fields[f"agree_{purpose}"].label = wording
            self.initial[f"agree_{purpose}"] = purpose in standing
        for membership in self.memberships:
            self._add_membership(membership)
        self.initial["shown"] = ",".join(str(membership.community_id) for membership in self.memberships)
        belongs = [membership.community_id for membership in self.memberships]
        self._offer_others(belongs)

    def _add_membership(self, membership: Membership) -> None:
        name = f"community_{membership.community_id}"
        self.fields[name] = forms.MultipleChoiceField(
            label=membership.community.name,
            required=False,
            choices=[(_MEMBER, "I am a member"), ("newsletters", "Email me its newsletters"),
                     ("events", "Email me about its events"),
                     ("updates", "Put it in my monthly update")],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": "Choose from the boxes shown."},
        )  # fmt: skip
        wanted = [purpose.value for purpose in Purpose if getattr(membership, f"wants_{purpose.value}")]
        self.initial[name] = [_MEMBER, *wanted]

    def _offer_others(self, belongs: list[int]) -> None:
        others = Community.objects.open().exclude(pk__in=belongs)
        if others.exists():
            field_of(self, "join", CommunitiesField).offer(others)
        else:
            del self.fields["join"]

    @property
    def field_options(self) -> Mapping[str, Mapping[str, Any]]:  # type: ignore[override]
        """The boxes are small: there are many."""
        names = [name for name in self.fields if name == "join" or name.startswith("community_")]
        return {name: {"small": True} for name in names}

    def layout(self) -> Layout:
        """Consent first, then each community, then the others."""
        mine = [f"community_{membership.community_id}" for membership in self.memberships]
        return Layout(
            HTML('<h2 class="nhsuk-heading-m">What may we email you?</h2>'),
            "agree_newsletters", "agree_events", "agree_updates",
            HTML('<h2 class="nhsuk-heading-m">Your communities</h2>'
                 "<p>Take the tick away from “I am a member” to leave a community.</p>") if mine else HTML(""),
            *mine,
            *([Folded("Join other communities", "join") if mine else "join"] if "join" in self.fields else []),
        )  # fmt: skip

    @property
    def choices(self) -> Choices:
        """What was chosen. A community that the page did not show, because it was joined since, is left as it is."""
        shown = {whole_number(each) for each in self.cleaned_data["shown"].split(",")}
        stays: dict[int, frozenset[str]] = {}
        leaves: set[int] = set()
        for membership in self.memberships:
            ticked = set(self.cleaned_data[f"community_{membership.community_id}"])
            if membership.community_id not in shown:
                continue
            if _MEMBER in ticked:
                stays[membership.community_id] = frozenset(ticked - {_MEMBER})
            else:
                leaves.add(membership.community_id)
        return Choices(
            consents={purpose.value: self.cleaned_data[f"agree_{purpose.value}"] for purpose in Purpose},
            stays=stays,
            leaves=frozenset(leaves),
            joins=tuple(self.cleaned_data.get("join") or ()),
        )


class DetailsForm(NhsFormMixin, forms.ModelForm):
    """How an associate is called and involved."""

    submit_label = "Save"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "name": {"autocomplete": "name"},
        "organisation": {"autocomplete": "organization"},
    }

    class Meta:
        model = Associate
        fields = ("name", "involvement", "organisation", "area")
        labels: ClassVar = {"name": "Your name", "involvement": "How are you involved?", "area": "Town or county"}
        help_texts: ClassVar = {
            "area": "Only if you would like to hear of what is near you. We use it for nothing else."
        }
        widgets: ClassVar = {"involvement": forms.RadioSelect}
        error_messages: ClassVar = {
            "name": {"required": "Enter your name."},
            "involvement": {"required": "Choose how you are involved."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "involvement", forms.ChoiceField).choices = Involvement.choices
        for name in ("name", "organisation", "area"):
            self.fields[name].validators.append(validate_plain_line)


class LinkForm(NhsFormMixin, forms.Form):
    """Where to send somebody their own link."""

    submit_label = "Send my link"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "email": {"autocomplete": "email", "spellcheck": "false"}
    }

    email = AddressField(label="Your email address", error_messages={"required": "Enter your email address."})


class UnsubscribeForm(NhsFormMixin, forms.Form):
    """What to stop: this community's newsletters, all newsletters, or everything."""

    submit_label = "Unsubscribe"
    COMMUNITY, ALL_OF_THESE, PURPOSE, EVERYTHING = "community", "communities", "purpose", "everything"

    what = forms.ChoiceField(
        label="What do you want us to stop?",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose what you want us to stop.",
            "invalid_choice": "Choose what you want us to stop from the list.",
        },
    )

    def __init__(
        self, *args: Any, purpose: str, community: Community | None, also: Sequence[Community] = (), **kwargs: Any
    ) -> None:
        """``also``: those communities of the person that the newsletter went to, where it went to several."""
        super().__init__(*args, **kwargs)
        kinds = {"newsletters": "newsletters", "events": "emails about events", "updates": "monthly updates"}
        words = kinds.get(purpose, "")
        choices = []
        if purpose and community:
            choices.append((self.COMMUNITY, f"Only {words} from {community.name}"))
        choices += [(f"{self.COMMUNITY}-{each.pk}", f"Only {words} from {each.name}") for each in also]
        if len(also) > 1:
            these = ", ".join(each.name for each in also[:-1])
            choices.append((self.ALL_OF_THESE, f"{words.capitalize()} from {these} and {also[-1].name}"))
        if purpose:
            choices.append((self.PURPOSE, f"All {words}"))
        choices.append((self.EVERYTHING, "All newsletters, emails about events and monthly updates"))
        field_of(self, "what", forms.ChoiceField).choices = choices
        self.initial["what"] = self.PURPOSE if purpose else self.EVERYTHING
        if len(choices) == 1:
            self.fields["what"].widget = forms.HiddenInput()
