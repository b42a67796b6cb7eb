"""Staff manage a study from its first line to the archive, and two of them edit one at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mailing.models import Delivery
from studies.models import SavedView, Study, StudyPerson
from tests.journeys.conftest import (
    expect_error,
    expect_heading,
    fill,
    follow,
    follow_menu,
    log_in_by_password,
    main,
    press,
    tab_to,
)  # fmt: skip

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
SUMMARY = "We ask whether a shorter first visit helps people to stay with their treatment."


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def test_study_when_staff_manage_it_then_every_step_from_making_to_archiving_works(
    someone, look, way, staff, study, other_study, tmp_path
):
    page = someone()
    log_in_by_password(page, staff)
    follow_menu(page, "Manage studies")
    expect_heading(page, "Manage studies")
    press(page, "New study")

    fill(page, {"Acronym": "SHORT", "Plain-English summary": SUMMARY})
    press(page, "Create the study")
    expect_error(page, "Enter the title of the study.")
    expect(page.get_by_label("Acronym")).to_have_value("SHORT")
    expect(page.get_by_label("Plain-English summary")).to_have_value(SUMMARY)
    look(page)
    page.get_by_role("link", name="Enter the title of the study.").click()
    if way != "without-javascript":
        expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_label("Title").fill("Shorter first visits")
    page.get_by_label("Research theme").select_option("Stroke")
    press(page, "Create the study")
    expect_heading(page, "Shorter first visits")
    expect(main(page)).to_contain_text("The study has been created.")
    made = Study.objects.get(acronym="SHORT")

    press(page, "Edit the study")
    page.get_by_label("Design").select_option("Randomised controlled trial")
    starts = page.get_by_role("group", name="Start date")
    for box, value in (("Day", "1"), ("Month", "february"), ("Year", "2027")):
        starts.get_by_label(box).fill(value)
    press(page, "Save")
    expect(main(page)).to_contain_text("The study has been saved.")
    expect(main(page)).to_contain_text("1 February 2027")

    invite_a_service_user(page)
    keep_a_protocol(page, tmp_path)
    follow(page, "Overview")
    press(page, "Move to another stage")
    page.get_by_label("Scoping").check()
    press(page, "Move the study")
    expect_error(page, "Say why the study moves.")
    expect(page.get_by_label("Scoping")).to_be_checked()
    page.get_by_label("Why?").fill("The consultation asked for it.")
    press(page, "Move the study")
    expect(main(page)).to_contain_text("The study is now in the stage “Scoping”.")
    follow(page, "History")
    expect(main(page)).to_contain_text("The consultation asked for it.")
    look(page)

    find_and_take_along(page, look, study)
    page.goto(made.get_absolute_url())
    follow(page, "Archive this study")
    press(page, "Archive the study")
    expect(main(page)).to_contain_text("The study has been archived.")
    assert Study.objects.get(pk=made.pk).is_archived
    press(page, "Take it out of the archive")
    expect(main(page)).to_contain_text("The study is out of the archive, as it was.")
    made.refresh_from_db()
    assert (made.is_archived, made.stage, made.title) == (False, "scoping", "Shorter first visits")


def invite_a_service_user(page) -> None:
    follow(page, "People")
    expect(main(page)).to_contain_text("No service user on the steering committee")
    press(page, "Invite a person by email")
    fill(page, {"Full name": "Una Carer", "Email address": "una@example.org"})
    page.get_by_label("Role").select_option(StudyPerson.Role.STEERING_SERVICE_USER)
    press(page, "Send the invitation")
    expect(main(page)).to_contain_text("Una Carer")
    expect(main(page)).not_to_contain_text("No service user on the steering committee")
    assert Delivery.objects.get(recipient="una@example.org").mailing.topic == "invitation"


def keep_a_protocol(page, tmp_path: Path) -> None:
    protocol = tmp_path / "protocol.pdf"
    protocol.write_bytes(PDF)
    follow(page, "Documents")
    press(page, "Upload a document")
    page.get_by_label("File").set_input_files(protocol)
    page.get_by_label("Title").fill("Protocol, first version")
    page.get_by_label("Protocol", exact=True).check()
    press(page, "Upload the document")
    expect(main(page)).to_contain_text("Protocol, first version")
    with page.expect_download() as download:
        follow(page, "Protocol, first version")
    assert Path(download.value.path()).read_bytes() == PDF


def find_and_take_along(page, look, study) -> None:
    follow_menu(page, "Manage studies")
    main(page).get_by_text("Search and filter").click()
    page.get_by_label("Stage").select_option("Scoping")
    press(page, "Show studies")
    rows = main(page).get_by_role("rowheader")
    expect(rows).to_contain_text(["SHORT: Shorter first visits"])
    page.get_by_label("Stage").select_option("Any stage")
    press(page, "Show studies")
    expect(rows).to_have_count(3)
    page.goto(f"{reverse('studies:manage')}?sort=-title")
    expect(rows).to_contain_text(["SHORT: Shorter first visits", "Return to work", str(study)])
    look(page)
    main(page).get_by_text("Save this view").first.click()
    page.get_by_label("Name of the view").fill("By title")
    press(page, "Save this view")
    expect_heading(page, "By title")
    assert SavedView.objects.get().query == "sort=-title"
    with page.expect_download() as download:
        follow(page, "CSV file")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    titles = [row["Title"] for row in csv.DictReader(io.StringIO(text))]
    assert titles == ["Shorter first visits", "Return to work", study.title]


def test_study_when_two_people_edit_it_then_the_second_sees_both_versions_and_merges(someone, look, staff, lead, study):
    one, other = someone(), someone()
    log_in_by_password(one, staff)
    log_in_by_password(other, lead)
    for page in (one, other):
        page.goto(reverse("studies:edit", args=[study.slug]))
    one.get_by_label("Title").fill("Home visits, first")
    one.get_by_label("Acronym").fill("FIRST")
    press(one, "Save")
    expect_heading(one, "Home visits, first")

    other.get_by_label("Title").fill("Home visits, second")
    other.get_by_label("Plain-English summary").fill("Written by the second.")
    press(other, "Save")
    expect_heading(other, "Somebody else changed this study")
    expect(main(other)).to_contain_text("Staff saved the study while you were editing it.")
    for words in ("Home visits, first", "Home visits, second", "Written by the second."):
        expect(main(other)).to_contain_text(words)
    look(other)
    other.get_by_role("group", name="Which title do you want to keep?").get_by_label("Yours").check()
    press(other, "Save these choices")
    expect(main(other)).to_contain_text("Your choices have been saved.")
    study.refresh_from_db()
    assert (study.title, study.acronym, study.summary) == ("Home visits, second", "FIRST", "Written by the second.")


def test_study_when_only_the_keyboard_is_used_then_it_is_made_moved_and_archived(page, log_in, staff, theme):
    log_in(page, staff)
    page.goto(reverse("studies:manage"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, main(page).get_by_role("button", name="New study"))
    page.keyboard.press("Space")
    expect_heading(page, "New study")
    tab_to(page, main(page).get_by_role("button", name="Create the study"))
    page.keyboard.press("Enter")
    expect_error(page, "Enter the title of the study.")
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.type("By keyboard")
    tab_to(page, page.get_by_label("Research theme"))
    page.keyboard.type("Stroke")
    tab_to(page, main(page).get_by_role("button", name="Create the study"))
    page.keyboard.press("Enter")
    expect_heading(page, "By keyboard")

    tab_to(page, main(page).get_by_role("button", name="Move to another stage"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Scoping"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Why?"))
    page.keyboard.type("It was agreed.")
    tab_to(page, main(page).get_by_role("button", name="Move the study"))
    page.keyboard.press("Enter")
    expect(main(page)).to_contain_text("The study is now in the stage “Scoping”.")

    tab_to(page, main(page).get_by_role("link", name="Archive this study"))
    page.keyboard.press("Enter")
    tab_to(page, main(page).get_by_role("button", name="Archive the study"))
    page.keyboard.press("Space")
    tab_to(page, main(page).get_by_role("button", name="Take it out of the archive"))
    page.keyboard.press("Enter")
    expect(main(page)).to_contain_text("The study is out of the archive, as it was.")
    made = Study.objects.get()
    assert (made.title, made.stage, made.is_archived) == ("By keyboard", "scoping", False)
