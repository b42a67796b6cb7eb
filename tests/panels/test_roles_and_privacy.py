"""What other apps learn of panels: roles, personal data, permissions, and the admin's silence."""

from __future__ import annotations

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from panels import services
from panels.privacy import panels_data
from panels.roles import members, panel_roles
from people.privacy import data_on
from people.roles import roles_of


def test_roles_when_seated_chairing_and_asked_as_a_peer_then_each_is_said(cycle, panel, panel_member, chair, staff):
    peer = services.invite_peer_reviewer(
        cycle=cycle, invited_by=staff, full_name="Pat Peer", email="pat@example.org"
    ).member
    said = {
        pk: [(label.text, label.url) for label in labels]
        for pk, labels in panel_roles([panel_member, chair, peer, staff]).items()
    }
    assert said == {
        panel_member.pk: [("Member of the Scientific committee", "/panels/scientific/")],
        chair.pk: [("Chair of the Scientific committee", "/panels/scientific/")],
        peer.pk: [("Peer reviewer of HOVIS", "")],
    }
    assert roles_of([chair])[chair.pk][0].text == "Chair of the Scientific committee"
    assert peer.pk not in members().values_list("user", flat=True)


def test_roles_when_asked_for_many_people_then_two_queries(cycle, panel_member, second_member, chair):
    for people in ([chair], [chair, panel_member, second_member]):
        with CaptureQueriesContext(connection) as seen:
            panel_roles(people)
        assert len(seen) == 2


def test_privacy_when_a_member_takes_their_data_then_their_words_are_there_and_no_one_elses(
    cycle, review, second_review, send, panel_member
):
    send(review)
    send(second_review)
    text = json.dumps(panels_data(panel_member), cls=DjangoJSONEncoder)
    assert "In confidence from Panel Member." in text
    assert "Second Member" not in text
    assert {"Panel seats", "Reviews"} <= set(data_on(panel_member))


def test_admin_when_an_administrator_looks_then_what_reviews_say_is_not_there(client_of, review, send):
    send(review)
    browser = client_of("administrator")
    page = browser.get(reverse("admin:panels_review_change", args=[review.pk])).content.decode()
    assert "To the team from" not in page
    assert "In confidence from" not in page
    assert browser.get(reverse("admin:panels_reviewcycle_changelist")).status_code == 200
    assert client_of("staff").get(reverse("admin:panels_review_changelist")).status_code in (302, 403)
