"""The fields of several boxes, the errors that say what to do, and formsets that grow without scripts."""

from __future__ import annotations

import datetime as dt

import pytest
from django import forms
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from people.models import Organisation
from people.nhs_forms import NhsDateField, NhsDateTimeField, NhsFormMixin, NhsFormSetMixin, nhs_formfield
from studies.models import Programme, StageMove


class DateForm(NhsFormMixin, forms.Form):
    start = NhsDateField(label="Start date")
    end = NhsDateField(label="End date", required=False)


def posted(**boxes: str) -> dict[str, str]:
    return {"start_day": "1", "start_month": "2", "start_year": "2026", **boxes}


def start_errors(**boxes: str) -> list[tuple[str, str]]:
    form = DateForm(posted(**boxes))
    return [(error.code, error.message) for error in form.errors.get("start", forms.utils.ErrorList()).as_data()]


@given(st.dates(min_value=dt.date(1000, 1, 1)))
def test_date_when_any_real_day_is_typed_then_is_that_day(day):
    form = DateForm(posted(start_day=f" {day.day} ", start_month=f"{day.month:02}", start_year=f"{day.year:04}"))
    assert form.is_valid()
    assert form.cleaned_data == {"start": day, "end": None}


@pytest.mark.parametrize("month", ["Nov", "november", "NOVEMBER", "11", "nov"])
def test_date_when_the_month_is_a_name_then_is_read(month):
    form = DateForm(posted(start_month=month))
    assert form.is_valid()
    assert form.cleaned_data["start"] == dt.date(2026, 11, 1)


@pytest.mark.parametrize(
    ("boxes", "code", "said"),
    [
        ({"start_day": ""}, "missing_day", "Start date must include a day."),
        ({"start_day": "", "start_year": " "}, "missing_day_year", "Start date must include a day and year."),
        ({"start_day": "31", "start_month": "2"}, "invalid_day", "Start date must be a real date, such as 23 11 2026."),
        ({"start_day": "0"}, "invalid_day", "Start date must be a real date, such as 23 11 2026."),
        ({"start_day": "one"}, "invalid_day", "Start date must be a real date, such as 23 11 2026."),
        ({"start_month": "13"}, "invalid_month", "The month must be a number from 1 to 12, or its name."),
        ({"start_month": "Foo"}, "invalid_month", "The month must be a number from 1 to 12, or its name."),
        ({"start_year": "26"}, "invalid_year", "The year must have 4 numbers, such as 2026."),
        ({"start_year": "0026"}, "invalid_year", "The year must have 4 numbers, such as 2026."),
        ({"start_year": "-202"}, "invalid_year", "The year must have 4 numbers, such as 2026."),
        ({"start_year": "²⁰²⁶"}, "invalid_year", "The year must have 4 numbers, such as 2026."),
        ({"start_day": "", "start_month": "", "start_year": ""}, "required", "Enter the start date."),
    ],
)
def test_date_when_it_cannot_be_read_then_says_which_box_and_how_to_mend_it(boxes, code, said):
    assert start_errors(**boxes) == [(code, said)]


@given(st.text(), st.text(), st.text())
def test_date_when_anything_is_typed_then_is_a_date_or_an_error(day, month, year):
    form = DateForm({"start_day": day, "start_month": month, "start_year": year})
    assert form.is_valid() == isinstance(form.cleaned_data.get("start"), dt.date)


def test_date_when_boxes_are_missing_from_the_post_then_is_an_error():
    assert not DateForm({}).is_valid()
    assert list(DateForm({}).errors) == ["start"]


@pytest.mark.parametrize("initial", [dt.date(2026, 2, 1), "2026-02-01", dt.datetime(2026, 2, 1, 9, tzinfo=dt.UTC)])
def test_date_when_it_begins_with_a_value_then_shows_it_and_sees_what_changes(initial):
    same = DateForm(posted(), initial={"start": initial})
    assert same.changed_data == []
    other = DateForm(posted(start_day="2"), initial={"start": initial})
    assert other.changed_data == ["start"]
    assert [box["value"] for box in DateForm(initial={"start": initial})["start"].subwidgets[0].data["subwidgets"]] == [
        "1",
        "2",
        "2026",
    ]


def test_date_when_unreadable_then_what_was_typed_is_shown_again():
    shown = DateForm(posted(start_day="<b>"))["start"].subwidgets[0].data["subwidgets"]
    assert [box["value"] for box in shown] == ["<b>", "2", "2026"]


class MomentForm(NhsFormMixin, forms.Form):
    at = NhsDateTimeField(label="Starts")


def moment(time: str, day: str = "23", month: str = "11") -> MomentForm:
    return MomentForm({"at_day": day, "at_month": month, "at_year": "2026", "at_time": time})


@pytest.mark.parametrize(
    ("typed", "hour", "minute"),
    [("14:30", 14, 30), ("2.30pm", 14, 30), ("2:30 PM", 14, 30), ("2pm", 14, 0), ("1430", 14, 30), ("930", 9, 30),
     ("12am", 0, 0), ("12pm", 12, 0), ("midday", 12, 0), ("midnight", 0, 0), ("9", 9, 0), ("0:05", 0, 5)],
)  # fmt: skip
def test_moment_when_the_time_is_written_as_people_do_then_is_read_in_local_time(typed, hour, minute):
    form = moment(typed)
    assert form.is_valid(), form.errors
    assert timezone.localtime(form.cleaned_data["at"]) == timezone.make_aware(dt.datetime(2026, 11, 23, hour, minute))


@pytest.mark.parametrize("typed", ["25:00", "13pm", "0am", "2:60", "soon", "14:30:15", "pm", ":", "²:30"])
def test_moment_when_the_time_is_nonsense_then_says_how_to_write_it(typed):
    form = moment(typed)
    assert form.errors == {"at": ["Enter a time such as 2:30pm or 14:30."]}
    assert form.errors["at"].as_data()[0].code == "invalid_time"


def test_moment_when_summer_time_then_is_the_hour_on_the_clock():
    form = moment("9am", day="1", month="7")
    assert form.is_valid()
    assert form.cleaned_data["at"].astimezone(dt.UTC).hour == 8


def test_moment_when_the_clocks_skip_it_then_is_refused():
    form = moment("1:30am", day="29", month="3")
    assert form.errors == {"at": ["The clocks go forward over this time. Choose another."]}


def test_moment_when_the_time_is_empty_then_says_so():
    assert moment("").errors == {"at": ["Starts must include a time."]}


def test_moment_when_shown_again_unchanged_then_has_not_changed():
    at = timezone.make_aware(dt.datetime(2026, 11, 23, 14, 30))
    form = MomentForm({"at_day": "23", "at_month": "11", "at_year": "2026", "at_time": "2.30pm"}, initial={"at": at})
    assert form.changed_data == []


def test_formfield_when_a_model_has_dates_then_they_are_boxes_and_the_rest_is_as_it_was():
    class Form(NhsFormMixin, forms.ModelForm):
        class Meta:
            model = Programme
            fields = ("short_name", "starts_on")
            formfield_callback = nhs_formfield

    fields = Form().fields
    assert isinstance(fields["starts_on"], NhsDateField)
    assert type(fields["short_name"]) is forms.CharField
    assert isinstance(nhs_formfield(StageMove._meta.get_field("moved_at")), NhsDateTimeField)


class AllForm(NhsFormMixin, forms.Form):
    full_name = forms.CharField()
    your_email = forms.EmailField(label="Your email address")
    kind = forms.ChoiceField(choices=[("a", "A")])
    ways = forms.MultipleChoiceField(
        choices=[("a", "A")], label="How are you involved?", widget=forms.CheckboxSelectMultiple
    )
    orcid = forms.CharField(label="ORCID iD")
    protocol = forms.FileField()
    agree = forms.BooleanField(label="I agree")
    own = forms.CharField(error_messages={"required": "Say why."})
    maybe = forms.CharField(required=False)


def test_required_fields_when_empty_then_say_what_to_enter():
    assert AllForm({}).errors == {
        "full_name": ["Enter the full name."],
        "your_email": ["Enter your email address."],
        "kind": ["Choose the kind."],
        "ways": ["Answer “How are you involved?”"],
        "orcid": ["Enter the ORCID iD."],
        "protocol": ["Choose the protocol."],
        "agree": ["Tick “I agree” to go on."],
        "own": ["Say why."],
    }


def test_required_errors_when_one_form_is_made_then_the_class_keeps_its_own():
    AllForm({}).is_valid()
    assert AllForm.base_fields["full_name"].error_messages["required"] == "This field is required."


def test_helper_when_read_twice_then_is_the_same_and_carries_the_forms_words():
    form = DateForm()
    form.cancel_url = "/back/"
    assert form.helper is form.helper
    assert form.helper.cancel_url == "/back/"
    assert [button.value for button in form.helper.inputs] == ["Save"]


class RowForm(forms.Form):
    name = forms.CharField()
    opened = NhsDateField(required=False)


class Rows(NhsFormSetMixin, forms.BaseFormSet):
    row_name = "Site"


RowSet = forms.formset_factory(RowForm, formset=Rows, extra=0, can_delete=True, max_num=3)


def rows_posted(*names: str, **more: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update({"form-TOTAL_FORMS": str(len(names)), "form-INITIAL_FORMS": "0", **more})
    for number, name in enumerate(names):
        data[f"form-{number}-name"] = name
    return data


def test_formset_when_another_row_is_asked_for_then_has_one_more_and_no_errors_and_keeps_what_was_typed():
    found = RowSet(rows_posted("", "Ward 2", **{"form-add": "1", "form-0-opened_day": "x"}))
    assert found.adding_row
    assert not found.is_valid()
    assert found.total_error_count() == 0
    assert [form["name"].value() for form in found] == ["", "Ward 2", None]
    assert [form.errors for form in found] == [{}, {}, {}]
    assert found.forms[0]["opened"].value() == ["x", None, None]


def test_formset_when_full_then_asks_for_no_more_rows():
    assert len(RowSet(rows_posted("a", "b", "c", **{"form-add": "1"})).forms) == 3


@pytest.mark.parametrize("total", ["", "x", "-1", "99999999999", "²"])
def test_formset_when_its_count_is_forged_then_does_not_break(total):
    found = RowSet(rows_posted("a", **{"form-add": "1", "form-TOTAL_FORMS": total}))
    assert not found.is_valid()
    assert len(found.forms) <= 3


def test_formset_when_saved_then_is_checked_as_ever():
    assert RowSet(rows_posted("a", "b")).is_valid()
    assert RowSet(rows_posted("a", "")).is_valid()  # a row left empty is no row
    bad = RowSet(rows_posted("a", "", **{"form-1-opened_day": "3"}))
    assert not bad.is_valid()
    assert [sorted(form.errors) for form in bad] == [[], ["name", "opened"]]


def test_formset_when_rows_can_go_then_their_box_says_so():
    assert RowSet().empty_form.fields["DELETE"].label == "Remove this site"


@pytest.mark.django_db
def test_model_form_when_mixed_in_then_keeps_the_models_own_checks():
    class Form(NhsFormMixin, forms.ModelForm):
        class Meta:
            model = Organisation
            fields = ("name", "kind", "ods_code")

    assert Form({"name": "", "kind": "university", "ods_code": ""}).errors == {"name": ["Enter the name."]}
