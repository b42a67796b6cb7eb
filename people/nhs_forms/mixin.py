"""The mixin that gives a form its buttons, its layout and errors that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Layout, Submit
from django import forms
from django.forms.utils import pretty_name
from django.utils.functional import cached_property

from people.nhs_forms.boxes import BoxesField
from people.nhs_forms.wording import with_article

_TOO_LONG = "Use at most %(limit_value)d characters. You have used %(show_value)d."
_CHOICES = (forms.Select, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.FileInput)


def section(words: str) -> HTML:
    """The heading of a part of a long form, for a ``layout()``; ``words`` are the programme's own, never a user's."""
    return HTML(f'<h2 class="nhsuk-heading-m">{words}</h2>')


class Folded(Div):
    """A part of a long form that opens on request; it is open where it holds an answer or an error.

    ``words`` are what one presses to open it, and are the programme's own.
    """

    template = "nhsuk/layout/folded.html"

    def __init__(self, words: str, *fields: str) -> None:
        super().__init__(*fields)
        self.words = words
        self.names = fields
        self.is_open = False

    def render(self, form: forms.BaseForm, context: Any, *args: Any, **kwargs: Any) -> str:
        """Drawn with the form that is at hand: nothing is remembered from one to the next."""
        self.is_open = any(form[name].errors or form[name].value() for name in self.names)
        return str(super().render(form, context, *args, **kwargs))


class NhsFormMixin:
    """A form in the portal's look: ``{% crispy form %}`` draws it whole.

    Say ``submit_label``, ``cancel_url`` (or set it on the instance), ``field_options``, and override ``layout`` for
    fieldsets. ``data_attrs`` are attributes of the form element, such as ``{"data-autosave-url": …}``.
    """

    submit_label: str = "Save"
    submit_name: str = ""
    submit_class: str = ""
    cancel_url: str = ""
    cancel_label: str = "Cancel"
    form_action: str = ""
    form_method: str = "post"
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            _say_what_is_missing(name, field)
            field.error_messages.setdefault("max_length", _TOO_LONG)

    def layout(self) -> Layout:
        """Which fields the form draws, and in what groups: all that no choice reveals, in their order."""
        return Layout(*(name for name in self.fields if name not in self._revealed()))

    def buttons(self) -> list[Submit]:
        """The buttons at the end of the form."""
        if not self.submit_label:
            return []
        return [Submit(self.submit_name, self.submit_label, css_class=self.submit_class or None)]

    def form_attrs(self) -> dict[str, str]:
        """More attributes of the form element."""
        return {}

    @cached_property
    def helper(self) -> FormHelper:
        """What ``{% crispy form %}`` reads."""
        helper = FormHelper()
        helper.form_method = self.form_method
        if self.form_action:
            helper.form_action = self.form_action
        helper.layout = self.layout()
        helper.render_hidden_fields = True
        helper.attrs = {"novalidate": True, **self.form_attrs()}
        helper.inputs = self.buttons()
        helper.cancel_url = self.cancel_url
        helper.cancel_label = self.cancel_label
        return helper

    def _revealed(self) -> set[str]:
        found: set[str] = set()
        for options in self.field_options.values():
            for names in options.get("conditional", {}).values():
                found.update(names)
            found.update(options.get("reveals", ()))
        return found


def _say_what_is_missing(name: str, field: forms.Field) -> None:
    """Put "Enter the title." where Django would say "This field is required."; what a form says itself stays."""
    if str(field.error_messages.get("required")) != str(forms.Field.default_error_messages["required"]):
        return
    if isinstance(field, BoxesField):
        field.subject = field.subject or str(field.label or pretty_name(name))
        return
    label = str(field.label or pretty_name(name))
    if label.endswith("?"):
        words = f"Answer “{label}”"
    elif isinstance(field.widget, forms.CheckboxInput):
        words = f"Tick “{label}” to go on."
    else:
        verb = "Choose" if isinstance(field.widget, _CHOICES) else "Enter"
        words = f"{verb} {with_article(label)}."
    field.error_messages["required"] = words
