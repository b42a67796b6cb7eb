"""Forms that keep and rename saved views of the list of studies."""

from __future__ import annotations

from typing import Any

from django import forms

from studies.forms.base import StudiesForm
from studies.models import SavedView
from studies.services import rename_view, save_view

_NAME = {"required": "Give the view a name.", "max_length": "Use 60 characters or fewer."}


class SaveViewForm(StudiesForm):
    """Keeps the search that is on the screen."""

    submit_label = "Save this view"

    name = forms.CharField(
        label="Name of the view",
        max_length=60,
        help_text="A name that you have used already gets this search instead.",
        error_messages=_NAME,
    )
    query = forms.CharField(required=False, max_length=1500, widget=forms.HiddenInput)

    def perform(self) -> SavedView:
        """Keep it."""
        return save_view(user=self.by, **self.cleaned_data)


class RenameViewForm(StudiesForm):
    """Gives a saved view another name."""

    submit_label = "Rename"

    name = forms.CharField(label="Name of the view", max_length=60, error_messages=_NAME)

    def __init__(self, *args: Any, view: SavedView, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"name": view.name})
        super().__init__(*args, study=None, **kwargs)
        self.view = view

    def perform(self) -> SavedView:
        """Rename it."""
        return rename_view(view=self.view, name=self.cleaned_data["name"])
