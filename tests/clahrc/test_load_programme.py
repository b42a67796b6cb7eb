"""Loading a programme file: what a good one makes, what a bad one is told, and what a second load leaves alone."""

from __future__ import annotations

import copy
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clahrc.programme_file.schema import ProgrammeFileError, check
from communities.models import Community
from fellows.models import FellowPost, Secondment
from panels.models import Panel, Question
from studies.models import Consultation, ExistingNetwork, Programme, Study, Theme
from tests.clahrc.programme_files import PAPER, SMALL, every_row, load_raw


@pytest.mark.django_db
def test_load_programme_when_given_the_papers_file_then_the_numbers_are_the_papers():
    call_command("load_programme", PAPER, stdout=StringIO())

    programme = Programme.objects.current()
    assert (programme.short_name, programme.population) == ("CLAHRC-NDL", 3_000_000)
    assert (str(programme.starts_on), str(programme.ends_on)) == ("2008-10-01", "2013-12-31")
    assert [theme.slug for theme in Theme.objects.research()] == [
        "mental-health", "primary-care", "stroke-rehabilitation", "children-and-young-people",
    ]  # fmt: skip
    assert Theme.objects.implementation().count() == 2
    assert Study.objects.count() == Community.objects.count() == 16
    assert FellowPost.objects.count() == 21
    assert Secondment.objects.in_post().count() == 20
    assert [post.study.acronym for post in FellowPost.objects.vacant()] == ["PATCHWORK"]
    assert {panel.kind for panel in Panel.objects.all()} == set(Panel.Kind.values)
    assert all(panel.questions.exists() for panel in Panel.objects.all())
    assert ExistingNetwork.objects.count() == 2
    consultation = Consultation.objects.get()
    assert (consultation.invited, consultation.took_part) == (34, 26)


@pytest.mark.django_db
def test_load_programme_when_loaded_twice_then_nothing_changes():
    call_command("load_programme", PAPER, stdout=StringIO())
    before = every_row()
    out = StringIO()
    call_command("load_programme", PAPER, stdout=out)
    assert every_row() == before
    assert "studies: 0 created, 0 updated, 16 unchanged" in out.getvalue()
    assert "kept" not in out.getvalue()


BROKEN = {
    "unknown theme": (("studies", 0, "theme"), "stroke", 'studies[0].theme: no theme "stroke"'),
    "implementation theme": (("studies", 1, "theme"), "use", 'studies[1].theme: "use" is no research theme'),
    "not a date": (("programme", "starts_on"), "soon", "programme.starts_on: should be a date such as 2008-10-01"),
    "ends first": (("programme", "ends_on"), "2019-01-01", "programme.ends_on: 2019-01-01 is not after starts_on"),
    "number in quotes": (("studies", 0, "fellow_posts"), "2", "studies[0].fellow_posts: should be a whole number"),
    "negative": (("studies", 0, "fellow_posts"), -1, "studies[0].fellow_posts: should be 0 or more, not -1"),
    "true is no number": (("studies", 0, "fellow_posts"), True, "studies[0].fellow_posts: should be a whole number"),
    "more in post than posts": (("studies", 1, "fellows_in_post"), 2, "studies[1].fellows_in_post: 2 of only 1"),
    "too many posts": (("studies", 0, "fellow_posts"), 4, "studies[0].fellow_posts: 4 is more than the 3"),
    "slug with spaces": (("studies", 0, "slug"), "My study", "studies[0].slug: should be small letters and"),
    "slug that is an address": (("studies", 0, "slug"), "manage", 'studies[0].slug: "manage" is one of the portal'),
    "slug twice": (("studies", 1, "slug"), "one", 'studies[1].slug: "one" is studies[0].slug already'),
    "acronym twice": (("studies", 1, "acronym"), "one", 'studies[1].acronym: "one" is studies[0].acronym already'),
    "title too long": (("studies", 0, "title"), "x" * 301, "studies[0].title: has 301 characters; at most 300 fit"),
    "no title": (("studies", 0, "title"), "  ", "studies[0].title: is empty"),
    "null character": (("studies", 0, "title"), "a\x00b", "studies[0].title: has a control character (number 0)"),
    "theme kind": (("themes", 0, "kind"), "clinical", "themes[0].kind: should be 'research' or 'implementation', not"),
    "panel kind": (("panels", 0, "kind"), "jury", "panels[0].kind: "),
    "no themes": (("themes",), [], "themes: is empty"),
    "studies not a list": (("studies",), {}, "studies: should be a list in square brackets"),
    "study not an object": (("studies", 0), "one", "studies[0]: should be an object in braces"),
    "another format": (("format",), 2, "format: should be 1, not 2"),
    "a year for a date": (("programme", "starts_on"), 2008, "programme.starts_on: should be a date such as 2008-10-01"),
    "a time for a date": (("programme", "ends_on"), "2025-01-01T10:00", "programme.ends_on: should be a date such as"),
    "month in words": (("consultation",), {"held_in": "May 2008"}, "consultation.held_in: should be a month such as"),
    "days as a word": (
        ("programme", "secondment"),
        {"days_per_week": "one"},
        'programme.secondment.days_per_week: should be a number, not "one"',
    ),
    "a quarter day": (
        ("programme", "secondment"),
        {"days_per_week": 0.25},
        "programme.secondment.days_per_week: has too many decimal places; at most 1 fit, not 0.25",
    ),
    "no days": (
        ("programme", "secondment"),
        {"days_per_week": 0},
        "programme.secondment.days_per_week: should be more than 0, not 0",
    ),
    "nine days": (
        ("programme", "secondment"),
        {"days_per_week": 9},
        "programme.secondment.days_per_week: should be 5 or less, not 9",
    ),
    "no years": (
        ("programme", "secondment"),
        {"max_years": 0},
        "programme.secondment.max_years: should be 1 or more, not 0",
    ),
    "half a year": (
        ("programme", "secondment"),
        {"max_years": 0.5},
        "programme.secondment.max_years: should be a whole number, not 0.5",
    ),
    "two lines in a title": (("studies", 0, "title"), "One\nTwo", "studies[0].title: has a line break; write it on"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("case", BROKEN)
def test_load_programme_when_one_thing_is_wrong_then_its_place_is_named_and_nothing_loaded(raw, tmp_path, case):
    path, value, message = BROKEN[case]
    target = raw
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    file = tmp_path / "programme.json"
    file.write_text(json.dumps(raw))
    before = every_row()
    with pytest.raises(CommandError) as caught:
        call_command("load_programme", file, stdout=StringIO())
    lines = str(caught.value).splitlines()
    assert lines[0] == "Nothing was loaded. 1 thing to mend:"
    assert lines[1].startswith(message)
    assert every_row() == before


def test_check_when_several_things_are_wrong_then_all_are_told(raw):
    del raw["programme"]["name"]
    raw["studies"][0]["title"] = ""
    raw["themes"][1]["kind"] = 3
    with pytest.raises(ProgrammeFileError) as caught:
        check(raw)
    assert {line.split(":")[0] for line in caught.value.problems} == {
        "programme.name",
        "studies[0].title",
        "themes[1].kind",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "line 1, column 2"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"a": 1, "a": 2}', '"a" is given twice'),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "the file: should be an object in braces"),
        (b"", "line 1, column 1"),
    ],
)
@pytest.mark.django_db
def test_load_programme_when_the_file_is_no_json_object_then_says_where(tmp_path, content, message):
    file = tmp_path / "programme.json"
    file.write_bytes(content)
    with pytest.raises(CommandError, match="Nothing was loaded") as caught:
        call_command("load_programme", file, stdout=StringIO())
    assert message in str(caught.value)


@pytest.mark.django_db
def test_load_programme_when_there_is_no_file_then_says_so(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_programme", tmp_path / "none.json", stdout=StringIO())


def test_check_when_a_key_is_unknown_then_it_is_told_and_not_an_error(raw):
    raw["studies"][1]["colour"] = "blue"
    raw["programme"]["targets"] = {"associates": 4}
    assert check(raw)[1][:2] == [
        "programme.targets.associates: not a key of this format; it was not used",
        "studies[1].colour: not a key of this format; it was not used",
    ]


@pytest.mark.django_db
def test_load_when_the_file_changed_then_what_staff_left_alone_follows(raw):
    load_raw(raw)
    raw["studies"][0]["title"] = "First, renamed"
    report = load_raw(raw)
    study = Study.objects.get(slug="one")
    assert (study.title, study.version) == ("First, renamed", 2)
    assert study.history.first().history_change_reason == "Programme file loaded"
    assert study.community.name == "First, renamed"
    assert report.kept == []


@pytest.mark.django_db
def test_load_when_staff_changed_a_value_then_it_stays_and_the_report_says_so(raw):
    load_raw(raw)
    Study.objects.filter(slug="one").update(title="Staff's title")
    for title in ("First", "The file's new title"):
        raw["studies"][0]["title"] = title
        report = load_raw(raw)
        assert Study.objects.get(slug="one").title == "Staff's title"
        assert f'studies[0].title: kept "Staff\'s title", as changed here; the file says {title!r}' in report.kept


@pytest.mark.django_db
def test_load_when_told_to_overwrite_then_the_files_value_wins_and_the_report_says_so(raw):
    load_raw(raw)
    Study.objects.filter(slug="one").update(title="Staff's title")
    report = load_raw(raw, overwrite=True)
    assert Study.objects.get(slug="one").title == "First"
    assert [line.split(":")[0] for line in report.kept] == ["studies[0].title"]


@pytest.mark.django_db
def test_load_when_staff_made_the_same_study_first_then_their_words_stay(raw):
    theme = Theme.objects.create(slug="heart", name="Heart", kind="research")
    Study.objects.create(slug="one", theme=theme, title="Made by hand")
    report = load_raw(raw)
    assert Study.objects.get(slug="one").title == "Made by hand"
    assert any(line.startswith("studies[0].title: kept 'Made by hand'") for line in report.kept)


@pytest.mark.django_db
def test_load_when_another_study_holds_the_acronym_then_nothing_is_loaded(raw):
    theme = Theme.objects.create(slug="heart", name="Heart", kind="research")
    Study.objects.create(slug="elsewhere", theme=theme, acronym="one", title="Made by hand")
    before = every_row()
    with pytest.raises(ProgrammeFileError, match=r"studies\[0\]: Another study already has this acronym"):
        load_raw(raw)
    assert every_row() == before


@pytest.mark.django_db
def test_load_when_the_file_fills_a_vacancy_then_one_more_is_in_post(raw):
    load_raw(raw)
    raw["studies"][1]["fellows_in_post"] = 1
    load_raw(raw)
    assert FellowPost.objects.vacant().filter(study__slug="two").count() == 0


@pytest.mark.django_db
def test_load_when_the_file_has_fewer_posts_then_the_vacant_one_is_closed(raw):
    load_raw(raw)
    raw["studies"][0]["fellow_posts"] = 1
    load_raw(raw)
    assert [post.number for post in FellowPost.objects.open().filter(study__slug="one")] == [1]


@pytest.mark.django_db
def test_load_when_staff_filled_the_vacancy_then_it_stays_filled(raw):
    load_raw(raw)
    post = FellowPost.objects.get(study__slug="two")
    Secondment.objects.create(post=post, starts_on="2020-02-01")
    report = load_raw(raw)
    assert FellowPost.objects.filled().filter(study__slug="two").count() == 1
    assert "studies[1].fellows_in_post: kept 1, as changed here; the file says 0" in report.kept


@pytest.mark.django_db
def test_load_when_a_study_left_the_file_then_it_stays_and_the_report_says_so(raw):
    load_raw(raw)
    del raw["studies"][1]
    report = load_raw(raw)
    assert Study.objects.filter(slug="two").exists()
    assert 'studies: "two" is no longer in the file; it was left as it is' in report.notes


@pytest.mark.django_db
def test_load_when_staff_rewrote_the_questions_then_a_second_load_adds_none(raw):
    load_raw(raw)
    before = Question.objects.count()
    assert before > 0
    load_raw(raw)
    assert Question.objects.count() == before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_check_when_any_part_is_replaced_by_anything_then_it_passes_or_names_a_place(data):
    """No input of the right outer shape can break the checker itself."""
    raw = copy.deepcopy(SMALL)
    target = raw
    while True:
        keys = list(target) if isinstance(target, dict) else range(len(target))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(target[key], dict | list) or not target[key] or data.draw(st.booleans()):
            break
        target = target[key]
    target[key] = data.draw(json_values)
    try:
        check(raw)
    except ProgrammeFileError as error:
        assert error.problems  # noqa: PT017
        assert all(": " in line for line in error.problems)  # noqa: PT017


@pytest.mark.django_db
def test_load_when_the_programme_has_new_names_and_its_studies_then_it_is_the_same_one(raw):
    load_raw(raw)
    raw["programme"] |= {"name": "Renamed", "short_name": "REN"}
    load_raw(raw)
    assert (Programme.objects.get().short_name, Study.objects.count()) == ("REN", 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "place", "same"), [("studies", 0, "acronym"), ("studies", 1, "title"), ("themes", 1, "name")]
)
def test_load_when_a_row_comes_under_another_address_then_is_not_made_twice(raw, kind, place, same):
    load_raw(raw)
    was = raw[kind][place]["slug"]
    raw[kind][place]["slug"] = "new-address"
    before = every_row()
    with pytest.raises(ProgrammeFileError, match=rf'{kind}\[{place}\].slug: "new-address" has the {same} that "{was}"'):
        load_raw(raw)
    assert every_row() == before


@pytest.mark.django_db
def test_load_when_a_study_has_an_address_that_communities_use_then_its_community_has_another(raw, client):
    raw["studies"][0]["slug"] = "join"
    load_raw(raw)
    load_raw(raw)
    community = Community.objects.get(study__slug="join")
    assert community.get_absolute_url() == "/communities/join-community/"
    assert community.name in client.get(community.get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_load_when_a_study_moves_to_another_theme_then_it_moves_and_its_history_says_so(raw):
    load_raw(raw)
    raw["themes"].append({"slug": "lungs", "name": "Lungs", "kind": "research"})
    raw["studies"][0]["theme"] = "lungs"
    load_raw(raw)
    study = Study.objects.get(slug="one")
    assert study.theme.slug == "lungs"
    assert [row.theme.slug for row in study.history.all()] == ["lungs", "heart"]
