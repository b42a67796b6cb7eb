"""Making and editing studies, also when two people do it at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from studies.forms.study import free_slug
from studies.models import Study, Theme
from studies.services import EditConflictError, create_study, edit_study
from studies.services.editing import EDITABLE


def fields_of(study: Study, **changes) -> dict:
    return {**{field: getattr(study, field) for field in EDITABLE}, **changes}


def posted(study: Study, **changes) -> dict:
    """What a browser sends from the edit page."""
    data = {
        "title": study.title, "acronym": study.acronym, "theme": study.theme_id, "summary": study.summary,
        "research_question": study.research_question, "design": study.design, "version": study.version,
    }  # fmt: skip
    for name in ("starts_on", "ends_on"):
        day = getattr(study, name)
        for part in ("day", "month", "year"):
            data[f"{name}_{part}"] = getattr(day, part) if day else ""
    return {**data, **changes}


@pytest.fixture
def made(theme, staff) -> Study:
    """A study with a history, as the page makes them."""
    fields = {
        "title": "Home visits after stroke", "acronym": "HOVIS", "theme": theme, "summary": "We ask.",
        "research_question": "", "design": "rct", "starts_on": dt.date(2026, 1, 1), "ends_on": None,
    }  # fmt: skip
    return create_study(slug="hovis", fields=fields, by=staff)


# --- Making ---------------------------------------------------------------------------------------------------


def new_data(of: Theme, **changes) -> dict:
    return {"title": "Music and memory", "acronym": "MEMO", "theme": of.pk, "slug": "", **changes}


def test_new_when_filled_in_then_the_study_is_made_and_shown(theme, staff, client_of):
    answer = client_of("staff").post(
        reverse("studies:new"),
        new_data(theme, starts_on_day="1", starts_on_month="april", starts_on_year="2026", design="cohort"),
    )
    study = Study.objects.get()
    assert answer["Location"] == "/studies/memo/"
    assert (study.slug, study.stage, study.version) == ("memo", "proposed", 1)
    assert (study.starts_on, study.design) == (dt.date(2026, 4, 1), "cohort")
    assert study.history.get().history_user == staff


def test_new_when_sent_twice_then_there_is_one_study(theme, client_of):
    client = client_of("staff")
    client.post(reverse("studies:new"), new_data(theme))
    again = client.post(reverse("studies:new"), new_data(theme))
    assert again.context["form"].errors == {"acronym": ["Another study already has this acronym."]}
    assert Study.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"theme": "999"}, "theme"),
        ({"theme": ""}, "theme"),
        ({"slug": "manage"}, "slug"),
        ({"slug": "MANAGE"}, "slug"),
        ({"slug": "home-visits"}, "slug"),
        ({"slug": "two words"}, "slug"),
        ({"acronym": "hovis"}, "acronym"),
        ({"design": "guess"}, "design"),
        ({"starts_on_day": "31", "starts_on_month": "2", "starts_on_year": "2026"}, "starts_on"),
        ({"title": "a\x00b"}, "title"),
    ],
)
def test_new_when_a_field_is_wrong_then_it_says_so_and_keeps_what_was_typed(theme, study, client_of, changes, field):
    answer = client_of("staff").post(reverse("studies:new"), new_data(theme, summary="Kept words", **changes))
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {field}
    assert "Kept words" in answer.content.decode()
    assert "<title>Error: New study" in answer.content.decode()
    assert Study.objects.count() == 1


def test_new_when_the_end_is_before_the_start_then_it_is_refused(theme, client_of):
    dates = {"starts_on_day": 2, "starts_on_month": 1, "starts_on_year": 2026}
    ends = {"ends_on_day": 1, "ends_on_month": 1, "ends_on_year": 2026}
    answer = client_of("staff").post(reverse("studies:new"), new_data(theme, **dates, **ends))
    assert set(answer.context["form"].errors) == {"ends_on"}


def test_new_when_the_theme_is_an_implementation_theme_then_it_cannot_be_chosen(theme, client_of):
    other = Theme.objects.create(slug="learning", name="Learning", kind="implementation")
    answer = client_of("staff").post(reverse("studies:new"), new_data(theme, theme=other.pk))
    assert set(answer.context["form"].errors) == {"theme"}


@pytest.mark.parametrize(("name", "slug"), [("Home Visits", "home-visits-2"), ("New", "new-2"), ("!!!", "study")])
def test_free_slug_when_taken_or_reserved_or_empty_then_another_is_found(study, name, slug):
    assert free_slug(name) == slug


def test_create_study_when_the_slug_is_reserved_then_the_service_refuses_too(theme, staff):
    with pytest.raises(ValidationError):
        create_study(slug="views", fields=fields_of(Study(theme=theme, title="A")), by=staff)


# --- Editing --------------------------------------------------------------------------------------------------


def test_edit_when_saved_then_the_version_goes_up_and_the_history_says_who(made, lead, client_of):
    answer = client_of("lead").post(
        reverse("studies:edit", args=[made.slug]), posted(made, title="Visits at home", summary="Two\r\nlines")
    )
    assert answer["Location"] == made.get_absolute_url()
    now = Study.objects.get(pk=made.pk)
    assert (now.title, now.summary, now.version) == ("Visits at home", "Two\nlines", 2)
    assert now.history.first().history_user == lead


def test_edit_when_nothing_changes_then_nothing_is_written(made, staff, client_of):
    client_of("staff").post(reverse("studies:edit", args=[made.slug]), posted(made))
    assert (Study.objects.get(pk=made.pk).version, made.history.count()) == (1, 1)


def test_edit_when_sent_twice_then_the_second_is_harmless(made, staff, client_of):
    client, data = client_of("staff"), posted(made, title="Visits at home")
    url = reverse("studies:edit", args=[made.slug])
    assert client.post(url, data).status_code == 302
    assert client.post(url, data).status_code == 302
    assert Study.objects.get(pk=made.pk).version == 2


def test_edit_when_a_study_lead_edits_then_the_theme_cannot_be_changed(study, team, client_of):
    other = Theme.objects.create(slug="memory", name="Memory", kind="research")
    client_of("team").post(reverse("studies:edit", args=[study.slug]), posted(study, theme=other.pk, title="New"))
    study.refresh_from_db()
    assert (study.title, study.theme.slug) == ("New", "stroke")


def test_edit_when_the_slug_is_sent_then_it_stays(made, staff, client_of):
    client_of("staff").post(reverse("studies:edit", args=[made.slug]), posted(made, slug="other", title="New"))
    assert Study.objects.get(pk=made.pk).slug == "hovis"


def test_edit_study_when_another_version_was_saved_then_it_is_refused_with_the_three_values(made, staff, lead):
    edit_study(study=made, fields=fields_of(made, title="Theirs", design="cohort"), version=1, by=lead)
    with pytest.raises(EditConflictError) as met:
        edit_study(study=made, fields=fields_of(made, title="Mine", summary="Mine too"), version=1, by=staff)
    found = {each.field: (each.was, each.theirs, each.yours, each.kept) for each in met.value.differences}
    assert found == {
        "title": ("Home visits after stroke", "Theirs", "Mine", ""),
        "summary": ("We ask.", "We ask.", "Mine too", "yours"),
        "design": ("rct", "cohort", "rct", "theirs"),
    }
    assert Study.objects.get(pk=made.pk).title == "Theirs"


def test_edit_study_when_the_other_made_the_same_change_then_there_is_nothing_to_choose(made, staff, lead):
    edit_study(study=made, fields=fields_of(made, title="Same"), version=1, by=lead)
    assert edit_study(study=made, fields=fields_of(made, title="Same"), version=1, by=staff).version == 2


@pytest.fixture
def conflict(made, staff, lead, client_of):
    """The page that the second of two editors gets, and the address that they post to."""
    client, url = client_of("staff"), reverse("studies:edit", args=[made.slug])
    mine = posted(made, title="Mine", summary="My long summary", ends_on_day=1, ends_on_month=2, ends_on_year=2027)
    theirs = fields_of(made, title="Theirs", design="cohort")
    edit_study(study=made, fields=theirs, version=1, by=lead)
    return client, url, mine, client.post(url, mine)


def carried(page) -> dict:
    """What the conflict page sends back without a choice."""
    form = page.context["form"]
    return {**dict(page.context["carried"]), "base": form["base"].value(), "version": form["version"].value()}


def test_edit_when_two_people_edit_then_the_second_sees_both_versions(conflict):
    _, _, _, page = conflict
    assert page.status_code == 409
    words = page.content.decode()
    for shown in ("Theirs", "Mine", "Home visits after stroke", "My long summary", "Cohort study", "1 February 2027"):
        assert shown in words
    assert [section["label"] for section in page.context["form"].sections] == [
        "Title", "Plain-English summary", "Design", "End date",
    ]  # fmt: skip


def test_edit_when_the_other_window_is_ones_own_then_the_page_does_not_blame_somebody_else(
    conflict, made, staff, lead, client_of
):
    assert "Somebody else changed this study" in conflict[3].content.decode()
    assert "Lead saved the study while you were editing it." in conflict[3].content.decode()
    client, url = client_of("lead"), reverse("studies:edit", args=[made.slug])
    own = client.post(url, posted(made, title="Mine again"))
    assert own.status_code == 409
    assert "You changed this study in another window" in own.content.decode()
    assert "Somebody else" not in own.content.decode()


def test_edit_when_the_second_chooses_per_field_then_both_are_kept_as_chosen(conflict, made, staff):
    client, url, _, page = conflict
    choices = {"keep_title": "theirs", "keep_summary": "yours", "keep_design": "theirs", "keep_ends_on": "yours"}
    answer = client.post(url, {**carried(page), **choices})
    assert answer["Location"] == made.get_absolute_url()
    now = Study.objects.get(pk=made.pk)
    assert (now.title, now.summary, now.design) == ("Theirs", "My long summary", "cohort")
    assert (now.ends_on, now.version) == (dt.date(2027, 2, 1), 3)


def test_edit_when_no_choice_is_made_then_the_page_asks_again_and_still_has_it_all(conflict, made):
    client, url, _, page = conflict
    answer = client.post(url, carried(page))
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {"keep_title", "keep_summary", "keep_design", "keep_ends_on"}
    assert [str(errors[0]) for errors in answer.context["form"].errors.values()] == [
        f"Choose which {words} you want to keep." for words in ("title", "plain-English summary", "design", "end date")
    ]
    assert "My long summary" in answer.content.decode()
    assert dict(answer.context["carried"]) == dict(page.context["carried"])
    assert Study.objects.get(pk=made.pk).version == 2


def test_edit_when_a_third_person_saves_meanwhile_then_the_second_is_asked_again(conflict, made, lead):
    client, url, _, page = conflict
    now = Study.objects.get(pk=made.pk)
    edit_study(study=now, fields=fields_of(now, title="Third"), version=2, by=lead)
    choices = {"keep_title": "yours", "keep_summary": "yours", "keep_design": "theirs", "keep_ends_on": "yours"}
    again = client.post(url, {**carried(page), **choices})
    assert again.status_code == 409
    assert "Third" in again.content.decode()
    assert Study.objects.get(pk=made.pk).title == "Third"
    answer = client.post(url, {**carried(again), **choices})
    assert answer.status_code == 302
    assert Study.objects.get(pk=made.pk).title == "Mine"


@pytest.mark.parametrize("base", ["", "x", "-1", "99999999999999999999", "77"])
def test_edit_when_the_base_is_forged_then_nothing_breaks(conflict, base):
    client, url, _, page = conflict
    choices = {"keep_title": "yours", "keep_summary": "yours", "keep_design": "theirs", "keep_ends_on": "yours"}
    assert client.post(url, {**carried(page), **choices, "base": base}).status_code in {200, 302, 409}


@pytest.mark.parametrize("version", ["", "x", "0", "999"])
def test_edit_when_the_version_is_forged_then_nothing_is_overwritten(made, staff, client_of, version):
    answer = client_of("staff").post(
        reverse("studies:edit", args=[made.slug]), posted(made, title="Mine", version=version)
    )
    assert answer.status_code in {200, 409}
    assert Study.objects.get(pk=made.pk).title == "Home visits after stroke"
    assert "Mine" in answer.content.decode()
