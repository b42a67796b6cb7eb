import datetime as dt

import pytest

from fellows.models import FellowPost, Secondment
from people.privacy import data_on
from people.roles import holders, roles_of

pytestmark = pytest.mark.django_db


def test_roles_when_seconded_then_named_with_the_fellows_page(fellow, stranger, django_assert_num_queries):
    roles = roles_of([fellow, stranger])
    assert [(label.text, label.url) for label in roles[fellow.pk]] == [
        ("Diffusion fellow on HOVIS", "/fellows/studies/home-visits/#post-1")
    ]
    assert roles[stranger.pk] == []
    assert [row["fellow"] for row in holders("Diffusion fellow")] == [fellow.pk]


def test_roles_when_secondment_is_over_then_gone(fellow):
    Secondment.objects.update(ends_on=dt.date(2024, 3, 1))
    assert roles_of([fellow])[fellow.pk] == []
    assert list(holders("Diffusion fellow")) == []


def test_data_when_a_fellow_takes_theirs_then_only_their_own_secondments(fellow, clinician, other_study, organisation):
    post = FellowPost.objects.create(study=other_study, number=1)
    Secondment.objects.create(post=post, fellow=clinician, starts_on=dt.date(2024, 1, 1), matched_funding=9)
    held = data_on(fellow)["Secondments"]
    assert [row["study"] for row in held] == ["HOVIS: Home visits after stroke"]
    assert [row["study"] for row in data_on(clinician)["Secondments"]] == ["Return to work"]


def test_visible_when_secondment_is_over_then_the_fellow_still_sees_their_own(fellow, clinician):
    Secondment.objects.update(ends_on=dt.date(2024, 3, 1))
    fellow.study_roles.update(ends_on=dt.date(2024, 3, 1))
    assert list(FellowPost.objects.visible_to(fellow)) == []
    assert [row.fellow for row in Secondment.objects.visible_to(fellow)] == [fellow]
    assert list(Secondment.objects.visible_to(clinician)) == []
