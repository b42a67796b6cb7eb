"""Draws Django form fields as the design's components; the crispy pack ``templates/nhsuk`` is written with these.

What a form cannot say by itself it says in ``field_options`` (see ``people.nhs_forms``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.template.loader import get_template
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString

from clahrc.templatetags.form_reading import (
    LISTED,
    all_errors_of,
    all_revealed,
    boxes_in_error,
    draw_error_summary,
    options_of,
)

register = template.Library()

OPTIONAL = "(optional)"


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
    attrs["maxlength"] = False  # it would cut what is pasted short without a word; the form says what is too long
    if _counts(field):
        described = [part for part in (field.aria_describedby, f"{field.auto_id}-info") if part]
        attrs["aria-describedby"] = " ".join(described)
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
    widget: Any = field.field.widget
    chosen = set(widget.format_value(field.value()))
    attrs = {"id": field.auto_id, **widget.attrs, **field.build_widget_attrs(attrs)}
    if widget.allow_multiple_selected:
        attrs["multiple"] = True
    options = SafeString("".join(_options(widget.choices, chosen)))
    return format_html('<select name="{}"{}>{}</select>', field.html_name, flatatt(attrs), options)


def _options(choices: Iterable[tuple[object, Any]], chosen: set[str]) -> Iterator[str]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield f'<optgroup label="{escape(str(value))}">'
            yield from _options(label, chosen)
            yield "</optgroup>"
            continue
        sent = "" if value is None else str(value)
        selected = " selected" if sent in chosen else ""
        yield f'<option value="{escape(sent)}"{selected}>{conditional_escape(label)}</option>'


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


# --- The tags -------------------------------------------------------------------------------------------------


@register.simple_tag
def nhs_field(field: BoundField, show_label: bool = True, optional: bool = True) -> SafeString:
    """``{% nhs_field form.title %}``: one field, drawn whole."""
    return SafeString(draw_field(field, show_label, optional))


@register.simple_tag
def filter_fields(form: forms.BaseForm) -> SafeString:
    """Every field of a filter form, none marked optional."""
    revealed = all_revealed(form)
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
    return SafeString("".join(draw_field(field) for field in form if field.name not in all_revealed(form)))


@register.simple_tag
def error_summary(*candidates: object) -> SafeString:
    """``{% error_summary form formset %}``, where the page does not list their errors already."""
    return SafeString(
        draw_error_summary(all_errors_of(each for each in candidates if not getattr(each, LISTED, False)))
    )
