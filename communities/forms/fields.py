"""Fields that several forms of the communities app share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.forms.models import ModelChoiceIterator

from communities.models import Community
from communities.validators import clean_address


class _ByTheme(ModelChoiceIterator):
    """Communities in groups, one for each research theme."""

    def __iter__(self) -> Iterator[Any]:
        for theme, communities in groupby(self.queryset, key=lambda community: community.study.theme):
            yield theme.name, [self.choice(community) for community in communities]


class CommunitiesField(forms.ModelMultipleChoiceField):
    """Which communities, as tick boxes under the names of their themes. Their values are the communities' slugs."""

    iterator = _ByTheme
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        unknown = "One of the communities you chose is not open to join. Choose from the list."
        messages = {"invalid_choice": unknown, "invalid_pk_value": unknown, "invalid_list": unknown}
        kwargs["error_messages"] = messages | kwargs.get("error_messages", {})
        super().__init__(queryset=Community.objects.none(), to_field_name="slug", **kwargs)

    def offer(self, communities: Any) -> None:
        """Let people choose from these communities, a queryset in its model's order."""
        self.queryset = communities.select_related("study__theme")

    def clean(self, value: Any) -> Any:
        """The communities chosen; raises ``ValidationError`` for any that was not offered."""
        if any("\x00" in str(each) for each in value or ()):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(value)


class WebAddressField(forms.URLField):
    """The address of a web page; https where it says neither."""

    default_validators = [URLValidator(schemes=["http", "https"])]  # noqa: RUF012 (as the base class declares it)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", **kwargs)


class AddressField(forms.CharField):
    """An email address that mail can be sent to, as ``validators.clean_address`` has it."""

    widget = forms.EmailInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        super().__init__(**kwargs)
        self.error_messages["max_length"] = (
            "Email addresses have at most %(limit_value)d characters. Check it for a slip."
        )

    def clean(self, value: Any) -> str:
        """The address; raises ``ValidationError`` in words that say what to change."""
        found = super().clean(value)
        return clean_address(found) if found else ""
