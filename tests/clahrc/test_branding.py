import pytest

from mailing.services import send_template

pytestmark = pytest.mark.django_db


def html_of_an_email(staff) -> str:
    context = {"person": staff, "invited_by": staff, "role": "Study lead"}
    return send_template(to="a@example.org", template="people/new_role", topic="new role", context=context).mailing.html


def test_email_when_a_programme_is_loaded_then_it_is_headed_with_its_name(staff, programme):
    html = html_of_an_email(staff)
    assert "CLAHRC-T" in html
    assert "Collaboration for Tests. Funded by A funder." in html


def test_email_when_nothing_is_loaded_then_it_is_the_portals(staff):
    assert "CLAHRC portal" in html_of_an_email(staff)
