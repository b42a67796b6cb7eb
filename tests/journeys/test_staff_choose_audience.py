"""Staff choose whom a newsletter goes to, see the number as they choose, and use the choice again."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from communities.audiences import Choice, choice_of
from tests.communities.factories import make_associate, make_community, make_newsletter
from tests.journeys.conftest import expect_error, expect_heading, follow, main, press

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_audience_when_chosen_then_counted_while_it_is_saved_and_begins_another(
    someone, look, way, log_in, staff, community, other_study
):
    other = make_community(other_study)
    for place, kind in ((community, "carer"), (other, "carer"), (other, "manager")):
        make_associate(place, involvement=kind)
    spring, summer = make_newsletter(community, title="Spring"), make_newsletter(community, title="Summer")
    page = someone()
    log_in(page, staff)
    page.goto(reverse("newsletters:preview", args=[spring.slug]))
    page.get_by_role("link", name="To whom").or_(page.get_by_role("button", name="To whom")).first.click()
    expect_heading(page, "Spring To whom")
    look(page)

    def says(words: str) -> None:
        if way == "without-javascript":
            press(page, "Count")
        expect(page.get_by_role("status")).to_contain_text(words)

    says("1 person would get it now: members of Home visits after stroke,")
    page.wait_for_load_state()
    only, leave_out = main(page).get_by_label("Return to work").all()
    only.check()
    says("3 people would get it now")
    page.get_by_label("Care for someone").check()
    says("2 people would get it now: members of Home visits after stroke and Return to work who care for someone")
    leave_out = main(page).get_by_label("Return to work").last
    leave_out.check()
    says("but not members of Return to work")
    leave_out.uncheck()
    for name in ("Home visits after stroke", "Return to work"):
        main(page).get_by_label(name).first.uncheck()
    press(page, "Save")
    expect_error(page, "Choose at least one community.")
    look(page)
    for name in ("Home visits after stroke", "Return to work"):
        main(page).get_by_label(name).first.check()
    page.get_by_label("Save these choices as").fill("Carers of both")
    press(page, "Save")
    expect(main(page)).to_contain_text("who care for someone")
    look(page)

    page.goto(reverse("newsletters:audience", args=[summer.slug]))
    page.get_by_label("Start from a saved audience").select_option("Carers of both")
    press(page, "Start from it")
    says("2 people would get it now")
    press(page, "Save")
    expect(main(page)).to_contain_text("who care for someone")
    chosen = Choice(communities=frozenset([community.pk, other.pk]), involvement=("carer",))
    assert [choice_of(spring), choice_of(summer)] == [chosen, chosen]

    page.goto(reverse("newsletters:audiences"))
    look(page)
    follow(page, "Delete Carers of both")
    press(page, "Delete it")
    expect(main(page)).to_contain_text("No saved audiences yet")
