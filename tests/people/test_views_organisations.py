from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from people.models import Organisation

LIST = "/people/organisations/"


@pytest.fixture
def form() -> dict[str, str]:
    return {"name": "University of Nottingham", "kind": "university", "ods_code": "", "ror_id": "", "is_partner": "on"}


def errors(response) -> str:
    return BeautifulSoup(response.content, "html.parser").select_one(".nhsuk-error-summary").get_text(" ", strip=True)


def test_organisation_when_added_with_what_people_paste_then_keeps_the_codes_alone(client_of, form):
    data = form | {"ror_id": "https://ror.org/01EE9AR58/", "ods_code": " rha "}
    assert client_of("staff").post(reverse("people:organisation_new"), data).url == LIST
    saved = Organisation.objects.get()
    assert (saved.name, saved.ror_id, saved.ods_code, saved.is_partner) == (
        "University of Nottingham", "01ee9ar58", "RHA", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": " trent   HEALTHCARE "}, "is on the list already"),
        ({"ods_code": "rx1"}, "is on the list already"),
        ({"ror_id": "01ee9ar59"}, "last two digits"),
        ({"ror_id": "x" * 100}, "60"),
        ({"ods_code": "!"}, "capital letters and digits"),
        ({"name": ""}, "name"),
        ({"kind": "circus"}, "circus"),
    ],
)
def test_organisation_when_wrong_then_says_how_to_mend_it(client_of, organisation, form, change, words):
    response = client_of("staff").post(reverse("people:organisation_new"), form | change)
    assert words in errors(response)
    assert Organisation.objects.count() == 1


def test_organisation_when_changed_then_may_keep_its_own_name_and_codes(client_of, organisation, form):
    url = reverse("people:organisation_edit", args=[organisation.pk])
    data = {"name": "Trent Healthcare", "kind": "nhs_provider", "ods_code": "RX1", "ror_id": ""}
    assert client_of("staff").post(url, data).url == LIST
    organisation.refresh_from_db()
    assert not organisation.is_partner
    page = client_of("staff").post(url, data | {"name": ""}).content.decode()
    assert "Trent Healthcare" in page


def test_organisation_when_deleted_then_asks_first(client_of, organisation):
    browser = client_of("staff")
    url = reverse("people:organisation_delete", args=[organisation.pk])
    assert "Do you want to delete" in browser.get(url).content.decode()
    assert Organisation.objects.exists()
    assert browser.post(url).url == LIST
    assert not Organisation.objects.exists()


def test_organisation_when_in_use_then_says_where_and_cannot_be_deleted(client_of, organisation, fellow):
    browser = client_of("staff")
    url = reverse("people:organisation_delete", args=[organisation.pk])
    page = browser.get(url).content.decode()
    assert "secondment: 1" in page
    assert '<form method="post" novalidate' not in page.split("<main", 1)[1].split("</main")[0]
    assert "in use" in browser.post(url, follow=True).content.decode()
    assert Organisation.objects.exists()


@pytest.mark.parametrize("role", ["stranger", "team", "fellow", "chair"])
@pytest.mark.parametrize("name", ["organisation_edit", "organisation_delete"])
def test_organisation_when_not_staff_then_may_not(client_of, organisation, role, name):
    browser = client_of(role)
    url = reverse(f"people:{name}", args=[organisation.pk])
    assert browser.get(url).status_code == 403
    assert browser.post(url, {"name": "Mine", "kind": "other"}).status_code == 403
    organisation.refresh_from_db()
    assert organisation.name == "Trent Healthcare"


def test_list_when_filtered_then_shows_what_fits(client_of, organisation):
    Organisation.objects.create(name="Nottingham", kind="university")
    browser = client_of("staff")

    def shown(query):
        page = BeautifulSoup(browser.get(LIST, query).content, "html.parser")
        return [link.get_text() for link in page.select("tbody th a")]

    assert shown({}) == ["Nottingham", "Trent Healthcare"]
    assert shown({"kind": "university"}) == ["Nottingham"]
    assert shown({"q": "trent"}) == ["Trent Healthcare"]
    assert shown({"q": "zebra"}) == []


def test_list_when_there_are_fifty_then_asks_the_database_as_often_as_for_one(client_of, organisation):
    browser = client_of("staff")
    browser.get(LIST)
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST)
    Organisation.objects.bulk_create(Organisation(name=f"Body {number}", kind="other") for number in range(49))
    with CaptureQueriesContext(connection) as many:
        browser.get(LIST)
    assert len(many) == len(few)
