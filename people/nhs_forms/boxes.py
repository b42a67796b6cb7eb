"""Dates and moments typed in several boxes, as the NHS design has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from people.nhs_forms.wording import with_article

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class BoxesInput(forms.MultiWidget):
    """Several inputs under one legend. ``box_names`` are what errors call them, ``box_labels`` what people read."""

    use_fieldset = True
    box_names: ClassVar[tuple[str, ...]]
    box_labels: ClassVar[tuple[str, ...]]


def _box(width: int, **attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"data-width": str(width), "inputmode": "numeric", **attrs})


class NhsDateInput(BoxesInput):
    """A date in three boxes: day, month, year. ``birthday=True`` lets the browser fill in a date of birth."""

    box_names = ("day", "month", "year")
    box_labels = ("Day", "Month", "Year")

    def __init__(self, attrs: dict[str, Any] | None = None, birthday: bool = False) -> None:
        fill = {name: {"autocomplete": f"bday-{name}"} if birthday else {} for name in self.box_names}
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
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


class NhsDateTimeInput(BoxesInput):
    """A date in three boxes and a time in a fourth."""

    box_names = ("day", "month", "year", "time")
    box_labels = ("Day", "Month", "Year", "Time")

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
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


class BoxesField(forms.MultiValueField):
    """What the fields of several boxes share: ``subject`` names what is asked for, in their errors."""

    widget: type[BoxesInput]

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
        given = list(value) if isinstance(value, list | tuple) else []
        parts = [field.clean(part) for field, part in zip(self.fields, given, strict=False)]
        parts += [""] * (len(self.fields) - len(parts))
        if not any(parts):
            if self.required:
                raise ValidationError(f"Enter {with_article(self._subject)}.", code="required")
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


class NhsDateField(BoxesField):
    """A date typed in three boxes. The month may be a number or a name. ``subject`` opens its error messages."""

    widget = NhsDateInput

    def compress(self, data_list: list[str]) -> dt.date:
        """The date that the boxes say."""
        return self._date(data_list)

    def _comparable(self, initial: Any) -> Any:
        return _as_date(initial)


class NhsDateTimeField(BoxesField):
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
