"""Forms as ``{% crispy %}`` draws them: ids, errors in the order of the inputs, and the design's own HTML."""

from __future__ import annotations

from typing import ClassVar

import pytest
from bs4 import BeautifulSoup
from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import engines
from django.test import RequestFactory

from people.nhs_forms import NhsDateField, NhsDateTimeField, NhsFormMixin, NhsFormSetMixin
from tests.clahrc.test_components import fixtures, normal


def drawn(source: str, **context: object) -> BeautifulSoup:
    template = engines["django"].from_string("{% load crispy_forms_tags nhs_fields %}" + source)
    return BeautifulSoup(template.render(context, RequestFactory().get("/")), "html.parser")


def crispy(form: object) -> BeautifulSoup:
    return drawn("{% crispy form %}", form=form)


class StudyForm(NhsFormMixin, forms.Form):
    submit_label = "Save study"
    field_options: ClassVar = {
        "stage": {"hints": {"active": "People are taking part"}, "conditional": {"stopped": ["why"]}},
        "summary": {"count": True, "rows": 8},
        "acronym": {"width": 10, "prefix": "CLAHRC", "suffix": "study"},
        "email": {"autocomplete": "email"},
    }

    title = forms.CharField(help_text="As people know it")
    acronym = forms.CharField(required=False)
    email = forms.EmailField(label="Email address")
    link = forms.URLField(required=False, assume_scheme="https")
    people = forms.IntegerField(min_value=0)
    summary = forms.CharField(widget=forms.Textarea, max_length=300)
    why = forms.CharField(label="Why was it stopped?", required=False)
    stage = forms.ChoiceField(choices=[("active", "Active"), ("stopped", "Stopped")], widget=forms.RadioSelect)
    starts = NhsDateField(label="Start date", help_text="For example, 23 11 2026")
    opens = NhsDateTimeField(required=False)
    theme = forms.ChoiceField(choices=[("", "Choose one"), ("stroke", "Stroke")])
    sites = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple)
    many = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], required=False)
    agree = forms.BooleanField(label="I agree", help_text="You can change your mind.")
    secret = forms.CharField(widget=forms.PasswordInput)
    protocol = forms.FileField(required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)


def test_every_input_when_drawn_then_has_one_label_and_unique_ids():
    soup = crispy(StudyForm({}))
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in soup.select("label")}
    inputs = soup.select("input:not([type=hidden]), select, textarea")
    assert labelled == {tag["id"] for tag in inputs}
    assert {tag["name"] for tag in soup.select("input, select, textarea")} == {
        "csrfmiddlewaretoken",
        "title", "acronym", "email", "link", "people", "summary", "why", "stage", "starts_day", "starts_month",
        "starts_year", "opens_day", "opens_month", "opens_year", "opens_time", "theme", "sites", "many", "agree",
        "secret", "protocol", "token",
    }  # fmt: skip


@pytest.mark.parametrize("data", [None, {}])
def test_every_described_input_when_drawn_then_its_descriptions_are_there(data):
    soup = crispy(StudyForm(data))
    ids = {tag["id"] for tag in soup.select("[id]")}
    for tag in soup.select("[aria-describedby]"):
        assert set(tag["aria-describedby"].split()) <= ids
    assert soup.select_one("#id_title")["aria-describedby"] == (
        "id_title_helptext" if data is None else "id_title_helptext id_title_error"
    )


def test_error_summary_when_all_is_wrong_then_follows_the_inputs_and_leads_to_each():
    soup = crispy(
        StudyForm({"stage": "stopped", "starts_day": "3", "starts_month": "2", "email": "x", "link": "http:"})
    )
    order = [tag["id"] for tag in soup.select("form [id]")]
    links = [a["href"].removeprefix("#") for a in soup.select(".nhsuk-error-summary a")]
    assert links == [
        "id_title", "id_email", "id_link", "id_people", "id_summary", "id_starts_2", "id_theme", "id_sites_0",
        "id_agree", "id_secret",
    ]  # fmt: skip
    assert links == sorted(links, key=order.index)
    said = {tag["id"]: tag.text for tag in soup.select(".nhsuk-error-message")}
    assert said["id_starts_error"] == "Error: Start date must include a year."
    assert set(said) == {f"{link.removesuffix('_0').removesuffix('_2')}_error" for link in links}


def test_error_of_a_revealed_question_when_listed_then_comes_where_it_stands():
    form = StudyForm({"stage": "stopped"})
    form.add_error("why", "Say why.")
    links = [a["href"] for a in crispy(form).select(".nhsuk-error-summary a")]
    assert links.index("#id_why") == links.index("#id_starts_0") - 1


def test_error_of_the_whole_form_or_of_a_hidden_field_when_listed_then_leads_nowhere():
    form = StudyForm({})
    form.add_error(None, "Two people changed this <b>study</b>.")
    form.add_error("token", "This form is too old.")
    items = crispy(form).select(".nhsuk-error-summary li")
    assert items[0].text == "Two people changed this <b>study</b>."
    assert [li.text for li in items if not li.a] == [items[0].text, "This form is too old."]


def test_date_when_one_box_is_wrong_then_only_that_box_is_marked():
    soup = crispy(StudyForm({"starts_day": "3", "starts_month": "2"}))
    assert [tag["id"] for tag in soup.select(".nhsuk-date-input .nhsuk-input--error")] == ["id_starts_2"]
    assert [tag["id"] for tag in soup.select('.nhsuk-date-input [aria-invalid="true"]')] == ["id_starts_2"]


def test_optional_fields_when_drawn_then_say_so_and_required_ones_do_not():
    soup = crispy(StudyForm())
    marked = [tag.text.strip() for tag in soup.select("label, legend") if "(optional)" in tag.text]
    assert marked == [
        "Acronym (optional)", "Link (optional)", "Why was it stopped? (optional)", "Opens (optional)",
        "Many (optional)", "Protocol (optional)",
    ]  # fmt: skip


def test_get_form_when_drawn_then_marks_nothing_optional_and_carries_no_token():
    class Search(NhsFormMixin, forms.Form):
        form_method = "get"
        q = forms.CharField(label="Search", required=False)

    soup = crispy(Search())
    assert soup.form["method"] == "get"
    assert "(optional)" not in soup.text
    assert not soup.select("[name=csrfmiddlewaretoken]")


def test_form_element_when_drawn_then_posts_files_with_a_token_and_leaves_checking_to_us():
    source = "{% crispy form %}"
    soup = drawn(source, form=StudyForm(), csrf_token="abc")
    assert soup.form["method"] == "post"
    assert soup.form["enctype"] == "multipart/form-data"
    assert soup.form.has_attr("novalidate")
    assert soup.select_one("[name=csrfmiddlewaretoken]")
    button = soup.select_one(".nhsuk-button-group button")
    assert (button.text, button["type"], button["data-prevent-double-click"]) == ("Save study", "submit", "true")
    assert not button.has_attr("name")


def test_cancel_when_given_then_is_a_link_beside_the_button():
    form = StudyForm()
    form.cancel_url = "/back/"
    assert crispy(form).select_one(".nhsuk-button-group a")["href"] == "/back/"


def test_revealed_question_when_drawn_then_is_inside_its_choice_and_nowhere_else():
    soup = crispy(StudyForm({"stage": "stopped"}))
    assert len(soup.select("#id_why")) == 1
    assert soup.select_one("#conditional-id_stage_1 #id_why")
    assert soup.select_one("#id_stage_1")["data-aria-controls"] == "conditional-id_stage_1"
    assert "nhsuk-radios__conditional--hidden" not in soup.select_one("#conditional-id_stage_1")["class"]
    assert "nhsuk-radios__conditional--hidden" in crispy(StudyForm()).select_one("#conditional-id_stage_1")["class"]


def test_options_when_given_then_are_drawn():
    soup = crispy(StudyForm())
    assert soup.select_one("#id_stage_0-item-hint").text == "People are taking part"
    assert "nhsuk-input--width-10" in soup.select_one("#id_acronym")["class"]
    assert [div.text for div in soup.select("[class^=nhsuk-input-wrapper__]")] == ["CLAHRC", "study"]
    assert soup.select_one("#id_email")["autocomplete"] == "email"
    counter = soup.select_one("[data-module=nhsuk-character-count]")
    assert counter["data-maxlength"] == "300"
    assert counter.textarea["rows"] == "8"
    assert not counter.textarea.has_attr("maxlength")
    assert "id_summary-info" in counter.textarea["aria-describedby"]


def test_values_when_posted_back_then_are_shown_again_except_the_password():
    data = {
        "title": '"><script>', "people": "many", "summary": "</textarea><b>", "theme": "stroke", "sites": ["b"],
        "agree": "on", "secret": "hush",
    }  # fmt: skip
    soup = crispy(StudyForm(data))
    assert soup.select_one("#id_title")["value"] == '"><script>'
    assert soup.select_one("#id_people")["value"] == "many"
    assert soup.textarea.text.strip() == "</textarea><b>"
    assert soup.select_one("#id_theme option[selected]")["value"] == "stroke"
    assert [tag["value"] for tag in soup.select("[name=sites][checked]")] == ["b"]
    assert soup.select_one("#id_agree").has_attr("checked")
    assert not soup.select_one("#id_secret").has_attr("value")
    assert not soup.select("script, b")


def test_password_when_drawn_then_can_be_shown_once_scripts_run():
    group = crispy(StudyForm()).select_one("[data-module=nhsuk-password-input]")
    assert group.button.has_attr("hidden")
    assert group.button["aria-controls"] == "id_secret"
    assert group.input["autocapitalize"] == "none"


def test_file_when_there_is_one_then_names_it_and_offers_to_remove_it():
    class Form(NhsFormMixin, forms.Form):
        protocol = forms.FileField(required=False)

    kept = SimpleUploadedFile("protocol.pdf", b"x")
    kept.url = "/files/1/"
    soup = crispy(Form(initial={"protocol": kept}))
    assert soup.select_one(".app-current-file a")["href"] == "/files/1/"
    assert soup.select_one("[name=protocol-clear]")["type"] == "checkbox"
    assert soup.select_one("#id_protocol")["type"] == "file"


def test_page_heading_when_asked_for_then_the_label_is_the_h1():
    class Form(NhsFormMixin, forms.Form):
        field_options: ClassVar = {"name": {"page_heading": True}}
        name = forms.CharField(label="What is your name?")

    soup = crispy(Form())
    assert [h.text.strip() for h in soup.select("h1")] == ["What is your name?"]
    assert "nhsuk-label--l" in soup.label["class"]


def test_fieldsets_when_laid_out_then_hold_their_fields():
    class Form(NhsFormMixin, forms.Form):
        first = forms.CharField()
        second = forms.CharField()

        def layout(self) -> Layout:
            return Layout("second", Fieldset("More", "first"))

    soup = crispy(Form({}))
    assert soup.fieldset.legend.text == "More"
    assert [tag["id"] for tag in soup.fieldset.select("input")] == ["id_first"]
    assert [a["href"] for a in soup.select(".nhsuk-error-summary a")] == ["#id_second", "#id_first"]


def test_form_without_the_mixin_when_drawn_by_the_filter_then_looks_the_same():
    class Plain(forms.Form):
        name = forms.CharField()

    soup = drawn("{{ form|crispy }}", form=Plain({}))
    assert not soup.form
    assert soup.select_one(".nhsuk-error-summary a")["href"] == "#id_name"
    assert "nhsuk-input--error" in soup.select_one("#id_name")["class"]


def test_errors_when_the_page_has_listed_them_then_are_not_listed_twice():
    form = StudyForm({})
    source = (
        '{% extends "layouts/form.html" %}{% load crispy_forms_tags %}'
        "{% block content %}{% crispy form %}{% endblock %}"
    )
    soup = BeautifulSoup(engines["django"].from_string(source).render({"form": form}), "html.parser")
    assert len(soup.select(".nhsuk-error-summary")) == 1
    assert soup.select_one("main > *")["class"] == ["nhsuk-error-summary"]


class SiteForm(forms.Form):
    name = forms.CharField()
    opened = NhsDateField(required=False)


class BaseSites(NhsFormSetMixin, forms.BaseFormSet):
    row_name = "Site"
    add_label = "Add another site"


Sites = forms.formset_factory(SiteForm, formset=BaseSites, extra=1, can_delete=True)


def test_formset_when_drawn_then_has_numbered_rows_and_a_button_for_more():
    soup = crispy(Sites(initial=[{"name": "Ward 1"}]))
    assert [tag.text for tag in soup.select(".app-formset-row > legend")] == ["Site 1", "Site 2"]
    assert soup.select_one("[name=form-add]").text == "Add another site"
    assert soup.select_one("[name=form-TOTAL_FORMS]")["value"] == "2"
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))


def test_formset_when_wrong_then_its_errors_lead_to_their_rows():
    data = {
        "form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-name": "Ward", "form-0-opened_day": "3",
        "form-1-opened_day": "1", "form-1-opened_month": "1", "form-1-opened_year": "2026",
    }  # fmt: skip
    links = [a["href"] for a in crispy(Sites(data)).select(".nhsuk-error-summary a")]
    assert links == ["#id_form-0-opened_1", "#id_form-1-name"]


# --- Against the design's own HTML --------------------------------------------------------------------------------


def published(component: str, name: str) -> BeautifulSoup:
    found = next(each for each in fixtures(component) if each["name"] == name)
    return BeautifulSoup(found["html"], "html.parser")


OF_ONE_FORM = (
    "id", "name", "for", "value", "aria-describedby", "aria-invalid", "required", "autocomplete", "maxlength",
    "spellcheck", "cols", "rows", "inputmode",
)  # fmt: skip
SIZES = ("nhsuk-label--", "nhsuk-fieldset__legend--", "nhsuk-input--width", "nhsuk-input--code")


def shape(soup: BeautifulSoup) -> tuple:
    """A form group without what differs from form to form: ids, names, values, words, sizes, Django's own marks, and
    whether its title is the page's heading."""
    group = soup.select_one(".nhsuk-form-group")
    for tag in group.select(".nhsuk-label-wrapper, .nhsuk-fieldset__heading, .nhsuk-u-nowrap"):
        tag.unwrap()
    for tag in group.select("option"):
        tag.extract()
    for tag in [group, *group.select("*")]:
        for name in OF_ONE_FORM:
            tag.attrs.pop(name, None)
        if "class" in tag.attrs:
            tag["class"] = [each for each in tag["class"] if not each.startswith(SIZES)]
        for text in tag.find_all(string=True, recursive=False):
            text.extract()
    return normal(str(group))


@pytest.mark.parametrize(
    ("field", "component", "name"),
    [
        (forms.CharField(), "input", "with error message and hint"),
        (forms.CharField(widget=forms.Textarea), "textarea", "with error message and hint"),
        (forms.ChoiceField(choices=[("", "1"), ("b", "2"), ("c", "3")]), "select", "with error message and hint"),
        (NhsDateField(), "date-input", "with error message and hint"),
    ],
)
def test_field_when_drawn_with_a_hint_and_an_error_then_has_the_designs_shape(field, component, name):
    names = [each["name"] for each in fixtures(component)]
    if name not in names:
        name = next(each for each in names if "error" in each and "hint" in each)
    expected = published(component, name)
    field.help_text = "A hint"
    form = type("Form", (NhsFormMixin, forms.Form), {"field": field})({})
    assert shape(drawn("{% nhs_field form.field %}", form=form)) == shape(expected)
