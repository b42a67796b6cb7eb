"""Reads forms for the tags that draw them: what a form says of each field, the order of its inputs, what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.formsets import BaseFormSet
from django.template.loader import get_template

#: Set on a form whose errors the page has listed already.
LISTED = "errors_are_listed"


def options_of(field: BoundField) -> Mapping[str, Any]:
    """What the form's ``field_options`` say of this field."""
    given: Mapping[str, Any] = getattr(field.form, "field_options", {}).get(field.name, {})
    return given


def is_group(field: BoundField) -> bool:
    """Whether the field is several boxes to tick or choose from."""
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


def boxes_in_error(field: BoundField) -> set[int]:
    """Which boxes of a field with several are wrong; all of them where the error does not say."""
    count = len(getattr(field.field.widget, "widgets", ()))
    codes = [error.code or "" for error in field.errors.as_data()] if field.errors else []
    if not codes:
        return set()
    names = list(getattr(field.field.widget, "box_names", ()))
    named = {names.index(name) for code in codes for name in code.split("_") if name in names}
    return named or set(range(count))


def first_input_id(field: BoundField) -> str:
    """The id of the input that an error summary should go to: the first choice, or the first box that is wrong."""
    if is_group(field):
        return f"{field.auto_id}_0"
    if hasattr(field.field.widget, "box_labels"):
        return f"{field.auto_id}_{min(boxes_in_error(field) or {0})}"
    return field.auto_id


def _revealed_after(options: Mapping[str, Any]) -> list[str]:
    names = [name for group in options.get("conditional", {}).values() for name in group]
    return [*names, *options.get("reveals", ())]


def fields_in_order(form: forms.BaseForm) -> Iterator[BoundField]:
    """The form's fields in the order in which they stand on the page: what a choice reveals comes after it."""
    options: Mapping[str, Mapping[str, Any]] = getattr(form, "field_options", {})
    layout = getattr(getattr(form, "helper", None), "layout", None)
    laid_out = [pointer.name for pointer in layout.get_field_names()] if layout is not None else []
    revealed = all_revealed(form)
    order: dict[str, None] = {}
    for name in [*laid_out, *(name for name in form.fields if name not in revealed), *form.fields]:
        for each in (name, *_revealed_after(options.get(name, {}))):
            if each in form.fields:
                order.setdefault(each)
    return (form[name] for name in order)


def all_revealed(form: forms.BaseForm) -> set[str]:
    """The names of the fields that a choice reveals."""
    options: Mapping[str, Mapping[str, Any]] = getattr(form, "field_options", {})
    return {name for each in options.values() for name in _revealed_after(each)}


def errors_of(form: forms.BaseForm) -> list[dict[str, object]]:
    """The form's errors in the order of its inputs, each with the address of its input. Errors of the whole form,
    and of hidden fields, come first and lead nowhere.
    """
    found: list[dict[str, object]] = [{"text": error} for error in form.non_field_errors()]
    for field in fields_in_order(form):
        if field.is_hidden:
            found += [{"text": error} for error in field.errors]
        else:
            found += [{"text": error, "href": f"#{first_input_id(field)}"} for error in field.errors]
    return found


def all_errors_of(candidates: Iterable[object]) -> list[dict[str, object]]:
    """The errors of forms and formsets together, in their order; marks each so that none is listed twice."""
    found: list[dict[str, object]] = []
    for each in candidates:
        if isinstance(each, BaseFormSet) and each.is_bound:
            found += [{"text": error} for error in each.non_form_errors()]
            for form in each.forms:
                found += errors_of(form)
        elif isinstance(each, forms.BaseForm) and each.is_bound:
            found += errors_of(each)
        else:
            continue
        setattr(each, LISTED, True)
    return found


def draw_error_summary(errors: list[dict[str, object]]) -> str:
    """The list of what must be put right; nothing where nothing must."""
    if not errors:
        return ""
    return get_template("components/error-summary.html").render({"heading": "There is a problem", "error_list": errors})
