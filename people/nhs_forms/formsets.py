"""Formsets whose "Add another" works without JavaScript."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.forms.utils import ErrorDict
from django.utils.functional import cached_property


class NhsFormSetMixin:
    """A formset with an "Add another" button that works without JavaScript.

    Pressing it posts the form: ``is_valid()`` is then false, nothing is checked, and drawing the formset again shows
    every row as it was typed, with one more. ``row_name`` ("Site") numbers the rows, ``add_label`` is on the button.
    Rows go by their "Remove" checkbox (``can_delete``).
    """

    row_name: str = "Row"
    add_label: str = "Add another"
    submit_label: str = "Save"
    cancel_url: str = ""
    can_add_rows = True

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        prefix = kwargs.get("prefix") or self.get_default_prefix()  # type: ignore[attr-defined]
        self.adding_row = bool(data) and f"{prefix}-add" in data
        if self.adding_row:
            data = data.copy()
            total = f"{prefix}-TOTAL_FORMS"
            rows = _rows(data.get(total))
            data[total] = str(min(rows + 1, self.max_num))  # type: ignore[attr-defined]
        super().__init__(data, *args, **kwargs)  # type: ignore[call-arg]

    def full_clean(self) -> None:
        """Check the rows; after "Add another" leave them unchecked."""
        if not self.adding_row:
            super().full_clean()  # type: ignore[misc]
            return
        self._errors: list[Any] = []
        self._non_form_errors = self.error_class()  # type: ignore[attr-defined]
        for form in self.forms:  # type: ignore[attr-defined]
            form._errors = ErrorDict()
            form.cleaned_data = {}
            self._errors.append(form._errors)

    def is_valid(self) -> bool:
        """Whether the rows can be saved: never where another row was asked for."""
        return not self.adding_row and super().is_valid()  # type: ignore[misc]

    def add_fields(self, form: forms.BaseForm, index: int | None) -> None:
        """The row's own fields, and words on the box that removes it."""
        super().add_fields(form, index)  # type: ignore[misc]
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = f"Remove this {self.row_name.lower()}"

    @cached_property
    def helper(self) -> FormHelper:
        """What ``{% crispy formset %}`` reads."""
        helper = FormHelper()
        helper.attrs = {"novalidate": True}
        helper.inputs = [Submit("", self.submit_label)] if self.submit_label else []
        helper.cancel_url = self.cancel_url
        return helper


def _rows(said: object) -> int:
    """How many rows a form says that it has; nothing sensible counts as none."""
    text = str(said or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
