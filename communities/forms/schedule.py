"""When a newsletter goes by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from communities.forms.event import refuse_ambiguous
from people.nhs_forms import NhsDateTimeField, NhsFormMixin

#: Further ahead than anybody plans: a slip in the year is far likelier.
FURTHEST = dt.timedelta(days=366)


class ScheduleForm(NhsFormMixin, forms.Form):
    """A day and a time in London that are still to come."""

    submit_label = "Schedule it"

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    send_at = NhsDateTimeField(
        label="When should it go?", subject="The time", help_text="In London's time. For example 23 11 2026 at 2:30pm."
    )

    def clean_send_at(self) -> dt.datetime:
        """The time, if it comes once, is to come, and is no slip."""
        moment: dt.datetime = self.cleaned_data["send_at"]
        refuse_ambiguous(moment)
        if moment <= timezone.now():
            raise forms.ValidationError("Choose a time that is still to come.", code="past")
        if moment - timezone.now() > FURTHEST:
            raise forms.ValidationError("Choose a time within a year. Check the year for a slip.", code="far")
        return moment

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["send_at"].required = True
