"""What the portal's forms are made of: the mixin that gives them their buttons, and fields of several boxes.

Every app's forms may import this. How a field looks is drawn by ``templates/nhsuk``; what a field cannot say by
itself, the form says in ``field_options`` (``docs/components.md`` lists what may be said).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.functional import cached_property

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


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
        for field in self.fields.values():
            _say_what_is_missing(field)

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


_CHOICES = (forms.Select, forms.RadioSelect, forms.CheckboxSelectMultiple)


def _say_what_is_missing(field: forms.Field) -> None:
    """Put "Enter the title." where Django would say "This field is required."; what a form says itself stays."""
    if str(field.error_messages.get("required")) != str(forms.Field.default_error_messages["required"]):
        return
    if not field.label or isinstance(field, _BoxesField):
        return
    label = str(field.label)
    if label.endswith("?"):
        words = f"Answer “{label}”"
    elif isinstance(field.widget, forms.CheckboxInput):
        words = f"Tick “{label}” to go on."
    elif isinstance(field, forms.FileField):
        words = f"Choose a file: {_lower_first(label)}."
    else:
        words = f"{'Choose' if isinstance(field.widget, _CHOICES) else 'Enter'} {_lower_first(label)}."
    field.error_messages["required"] = words


# --- Boxes ----------------------------------------------------------------------------------------------------


class _BoxesInput(forms.MultiWidget):
    """Several inputs under one legend. ``box_names`` are what errors call them, ``box_labels`` what people read."""

    use_fieldset = True
    box_names: ClassVar[tuple[str, ...]]
    box_labels: ClassVar[tuple[str, ...]]


def _box(width: int, **attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"data-width": str(width), "inputmode": "numeric", **attrs})


class NhsDateInput(_BoxesInput):
    """A date in three boxes: day, month, year. ``birthday=True`` lets the browser fill in a date of birth."""

    box_names = ("day", "month", "year")
    box_labels = ("Day", "Month", "Year")

    def __init__(self, attrs: dict[str, Any] | None = None, birthday: bool = False) -> None:
        fill = {name: {"autocomplete": f"bday-{name}"} if birthday else {} for name in self.box_names}
        boxes = {
            "day": _box(2, **fill["day"]),
            "month": _box(2, **fill["month"]),
            "year": _box(4, **fill["year"]),
        }
        super().__init__(boxes, attrs)

    def decompress(self, value: Any) -> list[str]:
        """The date in its boxes."""
        value = _as_date(value)
        return [str(value.day), str(value.month), str(value.year)] if value else ["", "", ""]


def _as_date(value: Any) -> dt.date | None:
    """A date from what a form may start with: a date, a moment, or a date as ``2026-11-23``."""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


class NhsDateTimeInput(_BoxesInput):
    """A date in three boxes and a time in a fourth."""

    box_names = ("day", "month", "year", "time")
    box_labels = ("Day", "Month", "Year", "Time")

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        boxes = {
            "day": _box(2),
            "month": _box(2),
            "year": _box(4),
            "time": forms.TextInput(attrs={"data-width": "5", "inputmode": "text"}),
        }
        super().__init__(boxes, attrs)

    def decompress(self, value: Any) -> list[str]:
        """The moment in its boxes, in the portal's time zone."""
        if not isinstance(value, dt.datetime):
            return ["", "", "", ""]
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return [str(local.day), str(local.month), str(local.year), local.strftime("%H:%M")]


class _Parts(forms.CharField):
    """One box: text, trimmed; the whole field says what is wrong with it."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=20)

    def clean(self, value: Any) -> str:
        """The text as it was typed, without spaces around it. Never refuses by itself."""
        return str(value or "").strip()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def _month(text: str) -> int | None:
    """A month by number or by its English name."""
    key = text.lower()[:3]
    return _MONTHS.index(key) + 1 if key in _MONTHS and text.isalpha() else _number(text)


class _BoxesField(forms.MultiValueField):
    """What the fields of several boxes share: ``subject`` names what is asked for, in their errors."""

    widget: type[_BoxesInput]

    def __init__(self, *, subject: str = "", **kwargs: Any) -> None:
        self.subject = subject
        kwargs.pop("max_length", None)
        boxes = [_Parts() for _name in self.widget.box_names]
        super().__init__(fields=boxes, require_all_fields=False, **kwargs)

    @property
    def _subject(self) -> str:
        return self.subject or str(self.label or "Date")

    def clean(self, value: Any) -> Any:
        """The value of all boxes together.

        Raises ValidationError whose code names the boxes that are wrong (``missing_day_year``, ``invalid_month``).
        """
        given = list(value) if isinstance(value, list | tuple) else self.widget().decompress(value)
        parts = [field.clean(part) for field, part in zip(self.fields, given, strict=False)]
        parts += [""] * (len(self.fields) - len(parts))
        if not any(parts):
            if self.required:
                raise ValidationError(f"Enter {_lower_first(self._subject)}.", code="required")
            return None
        missing = [name for name, part in zip(self.widget.box_names, parts, strict=True) if not part]
        if missing:
            raise ValidationError(
                f"{self._subject} must include a {_listed(missing)}.", code="_".join(["missing", *missing])
            )
        found = self.compress(parts)
        self.validate(found)
        self.run_validators(found)
        return found

    def _date(self, parts: list[str]) -> dt.date:
        day, month, year = _number(parts[0]), _month(parts[1]), _number(parts[2])
        if year is None or len(parts[2]) != 4 or year < 1000:
            raise ValidationError("The year must have 4 numbers, such as 2026.", code="invalid_year")
        if month is None or not 1 <= month <= 12:
            raise ValidationError("The month must be a number from 1 to 12, or its name.", code="invalid_month")
        try:
            return dt.date(year, month, day or 0)
        except ValueError:
            raise ValidationError(
                f"{self._subject} must be a real date, such as 23 11 2026.", code="invalid_day"
            ) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether what was typed is another value than the form began with; unreadable text counts as a change."""
        if self.disabled:
            return False
        try:
            now = self.clean(data)
        except ValidationError as problem:
            return any(error.code != "required" for error in problem.error_list) or bool(initial)
        return bool(now != self._comparable(initial))

    def _comparable(self, initial: Any) -> Any:
        return initial or None


class NhsDateField(_BoxesField):
    """A date typed in three boxes. The month may be a number or a name. ``subject`` opens its error messages."""

    widget = NhsDateInput

    def compress(self, data_list: list[str]) -> dt.date:
        """The date that the boxes say."""
        return self._date(data_list)

    def _comparable(self, initial: Any) -> Any:
        return _as_date(initial)


class NhsDateTimeField(_BoxesField):
    """A date in three boxes and a time of day (14:30, 2.30pm, 2pm) in a fourth, in the portal's time zone."""

    widget = NhsDateTimeInput

    def compress(self, data_list: list[str]) -> dt.datetime:
        """The moment that the boxes say, with its time zone. Refuses a time that the clocks skip."""
        moment = dt.datetime.combine(self._date(data_list), _time_of_day(data_list[3]))
        aware = timezone.make_aware(moment)
        if timezone.make_naive(aware.astimezone(dt.UTC)) != moment:
            raise ValidationError("The clocks go forward over this time. Choose another.", code="invalid_time")
        return aware


def _time_of_day(text: str) -> dt.time:
    """A time as people write it: 14:30, 1430, 2.30pm, 2pm, midday, midnight."""
    plain = text.lower().replace(" ", "").replace(".", ":")
    named = {"midday": dt.time(12), "noon": dt.time(12), "midnight": dt.time(0)}
    if plain in named:
        return named[plain]
    half = plain[-2:] if plain[-2:] in ("am", "pm") else ""
    hours, _colon, minutes = plain.removesuffix(half).partition(":")
    if not minutes and len(hours) in (3, 4):
        hours, minutes = hours[:-2], hours[-2:]
    hour, minute = _number(hours), _number(minutes or "0")
    if half and hour is not None and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif half:
        hour = None
    try:
        return dt.time(hour if hour is not None else 99, minute if minute is not None else 99)
    except ValueError:
        raise ValidationError("Enter a time such as 2:30pm or 14:30.", code="invalid_time") from None


def _listed(words: list[str]) -> str:
    """day; day and month; day, month and year."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _lower_first(words: str) -> str:
    """The words as they stand in the middle of a sentence; an acronym keeps its capitals."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def nhs_formfield(db_field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """For ``formfield_callback`` of a ModelForm's Meta: dates and moments in boxes, everything else as it is."""
    classes: dict[type[models.Field[Any, Any]], Callable[..., forms.Field]] = {
        models.DateTimeField: NhsDateTimeField,
        models.DateField: NhsDateField,
    }
    for kind, form_class in classes.items():
        if isinstance(db_field, kind) and "form_class" not in kwargs and "widget" not in kwargs:
            kwargs["form_class"] = form_class
            break
    return db_field.formfield(**kwargs)


# --- Formsets -------------------------------------------------------------------------------------------------


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
            rows = _number(str(data.get(total, "")).strip()) or 0
            data[total] = str(min(rows + 1, self.max_num))  # type: ignore[attr-defined]
        super().__init__(data, *args, **kwargs)

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
        return not self.adding_row and super().is_valid()  # type: ignore[misc,no-any-return]

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
