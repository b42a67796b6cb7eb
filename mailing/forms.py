"""What staff narrow the outbox by."""

from __future__ import annotations

from typing import Any

from django import forms

from mailing.models import Delivery, Mailing


class OutboxFilterForm(forms.Form):
    """Whom a message went to, what became of it, and what it is about. Nonsense narrows nothing."""

    q = forms.CharField(label="Email address", max_length=254, required=False, help_text="All of it or a part")
    status = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *Delivery.Status.choices])
    topic = forms.ChoiceField(label="Topic", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = Mailing.objects.order_by("topic").values_list("topic", flat=True).distinct()
        self.fields["topic"] = forms.ChoiceField(
            label="Topic", required=False, choices=[("", "Any"), *((topic, topic.capitalize()) for topic in topics)]
        )


class SuppressionFilterForm(forms.Form):
    """Part of an address."""

    q = forms.CharField(label="Email address", max_length=254, required=False, help_text="All of it or a part")
