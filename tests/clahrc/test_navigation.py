import pytest
from django.urls import reverse

from clahrc.navigation import ENTRIES
from tests.conftest import ROLES

pytestmark = pytest.mark.django_db

PUBLIC = ["Studies", "Communities", "Events", "Newsletters", "Search"]
MANAGE = ["Manage studies", "Fellows", "Panels", "Monthly updates", "People", "Outbox", "Report"]

SHOWN = {
    "anonymous": PUBLIC,
    "stranger": ["Dashboard", *PUBLIC],
    "associate": ["Dashboard", *PUBLIC],
    "convenor": ["Dashboard", *PUBLIC, "Monthly updates"],
    "fellow": ["Dashboard", *PUBLIC, "Fellows"],
    "team": ["Dashboard", *PUBLIC, "Fellows"],
    "steering": ["Dashboard", *PUBLIC, "Fellows"],
    "panel_member": ["Dashboard", "Waiting for you", *PUBLIC, "Panels"],
    "conflicted_member": ["Dashboard", "Waiting for you", *PUBLIC, "Fellows", "Panels"],
    "chair": ["Dashboard", "Waiting for you", *PUBLIC, "Panels"],
    "lead": ["Dashboard", *PUBLIC, "Fellows", "Report"],
    "staff": ["Dashboard", *PUBLIC, *MANAGE],
    "administrator": ["Dashboard", *PUBLIC, *MANAGE],
}


@pytest.mark.parametrize("role", ROLES)
def test_navigation_when_a_role_looks_then_exactly_its_pages_and_each_answers(role, client_of, programme, study):
    client = client_of(role)
    navigation = client.get(reverse("home")).context["navigation"]
    assert [link.label for link in navigation] == SHOWN[role]
    assert {link.label: client.get(link.url).status_code for link in navigation} == dict.fromkeys(SHOWN[role], 200)


#: Left out because there would be nothing on them for the role; they answer, and show nothing that is not theirs.
HARMLESS = {"Fellows", "Waiting for you"}


@pytest.mark.parametrize("role", ROLES)
def test_navigation_when_a_page_is_left_out_then_the_role_is_refused_it(role, client_of, programme, study):
    client = client_of(role)
    left_out = [entry for entry in ENTRIES if entry.label not in SHOWN[role]]
    refused = {entry.label: client.get(reverse(entry.url_name)).status_code for entry in left_out}
    if role == "anonymous":
        assert set(refused.values()) == {302}
    else:
        assert {status for label, status in refused.items() if label not in HARMLESS} <= {403}
        assert {status for label, status in refused.items() if label in HARMLESS} <= {200, 403}


@pytest.mark.parametrize(
    ("path", "current"),
    [("/studies/", "Studies"), ("/studies/manage/", "Manage studies"), ("/fellows/", "Fellows"), ("/", None)],
)
def test_navigation_when_on_a_page_then_its_entry_is_marked(client_of, staff, programme, path, current):
    navigation = client_of("staff").get(path).context["navigation"]
    assert [link.label for link in navigation if link.is_current] == ([current] if current else [])


def test_navigation_when_in_a_part_of_the_portal_then_that_part_is_marked(client_of, staff, study):
    navigation = client_of("staff").get(reverse("fellows:study", args=[study.slug])).context["navigation"]
    assert [link.label for link in navigation if link.is_current] == ["Fellows"]
