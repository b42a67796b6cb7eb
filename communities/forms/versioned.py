"""Forms on things that two people may edit at once. Whoever saves second sees both versions and loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict

from communities.words import day_words
from people.words import time_words


@dataclass(frozen=True)
class Difference:
    """A field that somebody else saved otherwise: its label, and what they saved, in words."""

    label: str
    theirs: str


class VersionedForm(forms.ModelForm):
    """A form that carries the version it was filled from (``version``, hidden)."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            del self.fields["version"]
        else:
            self.initial["version"] = self.instance.version

    @property
    def changes(self) -> dict[str, Any]:
        """What was filled in, by the names of the model's fields. Only after ``is_valid()``."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}

    def rebased_on(self, current: models.Model) -> VersionedForm:
        """The same form as filled in, to be saved over ``current``: the next save goes through."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("version")] = str(current.version)  # type: ignore[attr-defined]
        return type(self)(data, instance=current, **self.rebuild_with())

    def rebuild_with(self) -> dict[str, Any]:
        """More arguments that the form needs to be made again."""
        return {}

    def saved(self, current: models.Model, name: str) -> Any:
        """What ``changes`` would have for a field that is as ``current`` has it."""
        return getattr(current, name)

    def differences_from(self, current: models.Model) -> list[Difference]:
        """Where what was filled in and what somebody else saved differ. Only after ``is_valid()``."""
        return [
            Difference(str(self.fields[name].label), _words(current, name))
            for name, mine in self.changes.items()
            if self.saved(current, name) != mine
        ]


def _words(row: models.Model, name: str) -> str:
    """A field's value as people read it."""
    shown = getattr(row, f"get_{name}_display", None)
    value = shown() if shown else getattr(row, name)
    if value is True or value is False:
        return "Yes" if value else "No"
    if isinstance(value, models.Manager):
        value = ", ".join(str(each) for each in value.all())
    if hasattr(value, "tzinfo"):
        return f"{day_words(value)}, {time_words(value)}"
    return str(value) if value not in (None, "") else "Nothing"
