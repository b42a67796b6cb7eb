"""What the people app's forms have in common."""

from __future__ import annotations

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms


class PortalForm:
    """A form drawn by crispy with one button, whose words are ``submit_label``."""

    submit_label = "Save"
    fields: dict[str, forms.Field]

    @property
    def helper(self) -> FormHelper:
        """How crispy draws it."""
        helper = FormHelper(self)
        helper.add_input(Submit("", self.submit_label))
        return helper
