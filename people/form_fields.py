"""What the forms of every app share of fields: those about people, and each as the kind that it is."""

from __future__ import annotations

from typing import Any, TypeVar

from django import forms

from people.models import User
from people.validators import read_name

_Field = TypeVar("_Field", bound=forms.Field)


def field_of(form: forms.BaseForm, name: str, kind: type[_Field]) -> _Field:
    """A form's field as the kind that it is, of which ``form.fields`` says only that it is one."""
    found = form.fields[name]
    assert isinstance(found, kind), f"{name} is a {type(found).__name__}"
    return found


class NameField(forms.CharField):
    """A person's name, on one line and fit for the subject of an email (``people.validators.read_name``)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=User._meta.get_field("full_name").max_length, **kwargs)

    def clean(self, value: Any) -> str:
        """The name; refuses one with a link in it."""
        return read_name(super().clean(value))


class PersonField(forms.ModelChoiceField):
    """Somebody who may log in, to choose from a list that says where each works: two people may have one name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.objects.active().select_related("organisation").order_by("full_name", "pk"), **kwargs)

    def label_from_instance(self, obj: User) -> str:
        """The name, and the organisation where there is one."""
        return f"{obj} ({obj.organisation})" if obj.organisation else str(obj)
