"""What staff narrow the list of reports by."""

from __future__ import annotations

from django import forms

from mailing.models import Bounce


class BounceFilterForm(forms.Form):
    """Whose message it was, and what the report says. Nonsense narrows nothing."""

    q = forms.CharField(label="Email address", max_length=254, required=False, help_text="All of it or a part")
    kind = forms.ChoiceField(label="What it says", required=False, choices=[("", "Any"), *Bounce.Kind.choices])
