"""Draws Django form fields as the design's components; the crispy pack ``templates/nhsuk`` is written with these.

What a form cannot say by itself it says in ``field_options`` (see ``people.nhs_forms``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.forms.formsets import BaseFormSet
from django.forms.utils import flatatt
from django.template.loader import get_template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

OPTIONAL = "(optional)"
#: Set on a form whose errors the page has listed already.
_LISTED = "errors_are_listed"


def options_of(field: BoundField) -> Mapping[str, Any]:
    """What the form's ``field_options`` say of this field."""
    given: Mapping[str, Any] = getattr(field.form, "field_options", {}).get(field.name, {})
    return given


def _part(text: str, id_: str) -> dict[str, object] | None:
    return {"html": SafeString(text), "id": id_} if text else None


def _hint(field: BoundField) -> dict[str, object] | None:
    return _part(str(conditional_escape(field.help_text)), f"{field.auto_id}_helptext")


def _error(field: BoundField) -> dict[str, object] | None:
    found = format_html_join(SafeString("<br>"), "{}", ((each,) for each in field.errors))
    return _part(found, f"{field.auto_id}_error")


def _says_optional(field: BoundField) -> bool:
    helper = getattr(field.form, "helper", None)
    by_form = getattr(field.form, "mark_optional", getattr(helper, "form_method", "post") != "get")
    return bool(by_form) and not field.field.required and not isinstance(field.field.widget, forms.CheckboxInput)


def _title(field: BoundField, show: bool = True, optional: bool = True) -> dict[str, object]:
    options = options_of(field)
    words = format_html("{} {}", field.label, OPTIONAL) if optional and _says_optional(field) else field.label
    size = options.get("size") or ("l" if options.get("page_heading") else "s")
    return {
        "html": conditional_escape(words),
        "size": size,
        "is_page_heading": bool(options.get("page_heading")),
        "classes": "" if show else "nhsuk-u-visually-hidden",
    }


def _is_group(field: BoundField) -> bool:
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


# --- The widgets ----------------------------------------------------------------------------------------------


def _choices(field: BoundField) -> list[dict[str, object]]:
    """The choices of radios or checkboxes, with their hints and what they reveal."""
    options = options_of(field)
    hints, reveals = options.get("hints", {}), options.get("conditional", {})
    widget: Any = field.field.widget
    attrs = {**field.build_widget_attrs({}), "id": field.auto_id}
    attrs.pop("aria-describedby", None)
    items: list[dict[str, object]] = []
    for group, subgroup, _index in widget.optgroups(field.html_name, widget.format_value(field.value()), attrs):
        if group:
            items.append({"divider": group})
        for each in subgroup:
            value = str(each["value"])
            if value == "" and field.field.required:
                continue
            revealed = "".join(draw_field(field.form[name]) for name in reveals.get(value, ()))
            own = {
                key: shown for key, shown in each["attrs"].items() if key not in ("id", "class", "checked", "required")
            }
            items.append(
                {
                    "value": value,
                    "html": conditional_escape(each["label"]),
                    "checked": each["selected"],
                    "id": each["attrs"]["id"],
                    "hint": hints.get(value),
                    "attributes": {key: {"value": shown, "optional": True} for key, shown in own.items()},
                    "conditional": {"html": SafeString(revealed)} if revealed else None,
                }
            )
    return items


def _draw_group(field: BoundField, component: str, title: Mapping[str, object]) -> str:
    options = options_of(field)
    return get_template(f"components/{component}.html").render(
        {
            "id_prefix": field.auto_id,
            "name": field.html_name,
            "fieldset": {"legend": title},
            "hint": _hint(field),
            "error_message": _error(field),
            "items": _choices(field),
            "inline": options.get("inline"),
            "small": options.get("small"),
            "form_group": {"classes": options.get("group_classes", "")},
        }
    )


def _draw_checkbox(field: BoundField, title: Mapping[str, object]) -> str:
    options = options_of(field)
    reveals = "".join(draw_field(field.form[name]) for name in options.get("reveals", ()))
    attrs = field.build_widget_attrs({})
    described = attrs.pop("aria-describedby", None)
    item = {
        "id": field.auto_id,
        "value": "on",
        "html": title["html"],
        "checked": bool(
            field.field.widget.get_context(field.html_name, field.value(), {})["widget"]["attrs"].get("checked")
        ),
        "hint": _hint(field),
        "attributes": {key: {"value": value, "optional": True} for key, value in attrs.items()},
        "conditional": {"html": SafeString(reveals)} if reveals else None,
    }
    if described is None and not item["hint"]:
        item["hint"] = None
    legend = options.get("legend")
    return get_template("components/checkboxes.html").render(
        {
            "id_prefix": field.auto_id,
            "name": field.html_name,
            "error_message": _error(field),
            "items": [item],
            "fieldset": {"legend": {"text": legend, "size": "s"}} if legend else None,
            "small": options.get("small"),
        }
    )


def boxes_in_error(field: BoundField) -> set[int]:
    """Which boxes of a field with several are wrong; all of them where the error does not say."""
    count = len(getattr(field.field.widget, "widgets", ()))
    codes = [error.code or "" for error in field.errors.as_data()] if field.errors else []
    if not codes:
        return set()
    names = list(getattr(field.field.widget, "box_names", ()))
    named = {names.index(name) for code in codes for name in code.split("_") if name in names}
    return named or set(range(count))


def _draw_boxes(field: BoundField, title: Mapping[str, object]) -> str:
    """A field with several boxes under one legend: a date, or a date with a time."""
    wrong = boxes_in_error(field)
    widget: Any = field.field.widget
    context = widget.get_context(field.html_name, field.value(), field.build_widget_attrs({"id": field.auto_id}))[
        "widget"
    ]
    items = []
    for index, (box, label) in enumerate(zip(context["subwidgets"], widget.box_labels, strict=True)):
        attrs = box["attrs"]
        items.append(
            {
                "id": attrs["id"],
                "name": box["name"],
                "value": box["value"],
                "label": label,
                "width": attrs.get("data-width"),
                "error": index in wrong,
                "inputmode": attrs.get("inputmode", "numeric"),
                "autocomplete": attrs.get("autocomplete"),
                "disabled": attrs.get("disabled"),
                "attributes": {"aria-invalid": {"value": "true" if index in wrong else None, "optional": True}},
            }
        )
    return get_template("components/date-input.html").render(
        {
            "id": field.auto_id,
            "fieldset": {"legend": title},
            "hint": _hint(field),
            "error_message": _error(field),
            "items": items,
        }
    )


def _control_classes(field: BoundField) -> str:
    widget, options = field.field.widget, options_of(field)
    base = {forms.Textarea: "nhsuk-textarea", forms.Select: "nhsuk-select", forms.FileInput: "nhsuk-file-upload__input"}
    name = next((css for kind, css in base.items() if isinstance(widget, kind)), "nhsuk-input")
    parts = [name, str(widget.attrs.get("class", ""))]
    if field.errors and name != "nhsuk-file-upload__input":
        parts.append(f"{name}--error")
    if options.get("width") and name == "nhsuk-input":
        parts.append(f"nhsuk-input--width-{options['width']}")
    if _counts(field):
        parts.append("nhsuk-js-character-count")
    if isinstance(widget, forms.PasswordInput):
        parts.append("nhsuk-password-input__input nhsuk-js-password-input-input")
    return " ".join(part for part in parts if part)


def _counts(field: BoundField) -> bool:
    return bool(options_of(field).get("count")) and bool(getattr(field.field, "max_length", None))


def _control(field: BoundField) -> SafeString:
    """The input itself, drawn by its Django widget with the design's classes."""
    options, widget = options_of(field), field.field.widget
    attrs: dict[str, Any] = {"class": _control_classes(field)}
    for name in ("autocomplete", "inputmode", "spellcheck", "rows", "placeholder"):
        if name in options:
            attrs[name] = options[name]
    if isinstance(widget, forms.Textarea) and "rows" not in options:
        attrs["rows"] = 5
    if _counts(field):
        described = [part for part in (field.aria_describedby, f"{field.auto_id}-info") if part]
        attrs["aria-describedby"] = " ".join(described)
        attrs["maxlength"] = False  # the counter says how much is too much, rather than cutting a paste short
    if isinstance(widget, forms.PasswordInput):
        attrs.update({"spellcheck": "false", "autocapitalize": "none"})
    if isinstance(widget, forms.ClearableFileInput):
        plain = forms.FileInput(attrs=widget.attrs)
        plain.is_required = widget.is_required
        return field.as_widget(plain, attrs=attrs)
    if isinstance(widget, forms.Select) and widget.template_name == forms.Select.template_name:
        return _select(field, attrs)
    return field.as_widget(attrs=attrs)


def _select(field: BoundField, attrs: dict[str, Any]) -> SafeString:
    """A drop-down as Django's own templates draw it, which take two of them for each choice."""
    attrs = {"id": field.auto_id, **field.build_widget_attrs(attrs)}
    widget: Any = field.field.widget
    shown = widget.get_context(field.html_name, field.value(), attrs)["widget"]
    groups = [(name, format_html_join("", _OPTION, map(_option, items))) for name, items, _ in shown["optgroups"]]
    options = format_html_join(
        "", "{}", ((format_html(_GROUP, name, drawn) if name else drawn,) for name, drawn in groups)
    )
    return format_html('<select name="{}"{}>{}</select>', shown["name"], flatatt(shown["attrs"]), options)


_OPTION, _GROUP = '<option value="{}"{}>{}</option>', '<optgroup label="{}">{}</optgroup>'


def _option(item: Mapping[str, Any]) -> tuple[object, ...]:
    return str(item["value"]), flatatt(item["attrs"]), item["label"]


def _draw_control(field: BoundField, title: Mapping[str, object]) -> str:
    widget = field.field.widget
    clears = isinstance(widget, forms.ClearableFileInput) and widget.is_initial(field.value())
    return get_template("nhsuk/fields/control.html").render(
        {
            "label": title,
            "id": field.auto_id,
            "hint": _hint(field),
            "error_message": _error(field),
            "control": _control(field),
            "is_password": isinstance(widget, forms.PasswordInput),
            "is_file": isinstance(widget, forms.FileInput),
            "counts_to": getattr(field.field, "max_length", None) if _counts(field) else None,
            "prefix": options_of(field).get("prefix"),
            "suffix": options_of(field).get("suffix"),
            "current_file": field.value() if clears else None,
            "clear_name": widget.clear_checkbox_name(field.html_name)
            if isinstance(widget, forms.ClearableFileInput) and clears and not field.field.required
            else None,
        }
    )


def draw_field(field: BoundField, show_label: bool = True, optional: bool = True) -> str:
    """A form field with its label, hint, error and input. Hidden fields are the input alone."""
    widget = field.field.widget
    if widget.is_hidden:
        return str(field)
    title = _title(field, show_label, optional)
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return _draw_group(field, "checkboxes", title)
    if isinstance(widget, forms.RadioSelect):
        return _draw_group(field, "radios", title)
    if isinstance(widget, forms.CheckboxInput):
        return _draw_checkbox(field, title)
    if hasattr(widget, "box_labels"):
        return _draw_boxes(field, title)
    return _draw_control(field, title)


# --- Errors ---------------------------------------------------------------------------------------------------


def first_input_id(field: BoundField) -> str:
    """The id of the input that an error summary should go to: the first choice, or the first box that is wrong."""
    if _is_group(field):
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
    revealed = _all_revealed(form)
    order: dict[str, None] = {}
    for name in [*laid_out, *(name for name in form.fields if name not in revealed), *form.fields]:
        for each in (name, *_revealed_after(options.get(name, {}))):
            if each in form.fields:
                order.setdefault(each)
    return (form[name] for name in order)


def _all_revealed(form: forms.BaseForm) -> set[str]:
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
        setattr(each, _LISTED, True)
    return found


def draw_error_summary(errors: list[dict[str, object]]) -> str:
    """The list of what must be put right; nothing where nothing must."""
    if not errors:
        return ""
    return get_template("components/error-summary.html").render({"heading": "There is a problem", "error_list": errors})


# --- The tags -------------------------------------------------------------------------------------------------


@register.simple_tag
def nhs_field(field: BoundField, show_label: bool = True, optional: bool = True) -> SafeString:
    """``{% nhs_field form.title %}``: one field, drawn whole."""
    return SafeString(draw_field(field, show_label, optional))


@register.simple_tag
def filter_fields(form: forms.BaseForm) -> SafeString:
    """Every field of a filter form, none marked optional."""
    revealed = _all_revealed(form)
    return SafeString("".join(_draw_filter(field) for field in form if field.name not in revealed))


def _draw_filter(field: BoundField) -> str:
    """A drop-down or a box to type in with nothing to say but its label is drawn here: lists have many of them."""
    kind = type(field.field.widget)
    if kind not in (forms.Select, forms.TextInput) or field.help_text or field.errors or options_of(field):
        return draw_field(field, optional=False)
    return format_html(
        '<div class="nhsuk-form-group"><label class="nhsuk-label nhsuk-label--s" for="{}">{}</label>{}</div>',
        field.auto_id, field.label, _control(field),
    )  # fmt: skip


@register.simple_tag
def remaining_fields(form: forms.BaseForm) -> SafeString:
    """Every field of a form without a layout; those that a choice reveals are drawn under it."""
    return SafeString("".join(draw_field(field) for field in form if field.name not in _all_revealed(form)))


@register.simple_tag
def error_summary(*candidates: object) -> SafeString:
    """``{% error_summary form formset %}``, where the page does not list their errors already."""
    return SafeString(
        draw_error_summary(all_errors_of(each for each in candidates if not getattr(each, _LISTED, False)))
    )
