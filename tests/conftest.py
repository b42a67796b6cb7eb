"""The cast of people that access tests are played by, and the programme that they work on."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from communities.models import Associate, Community, Membership
from fellows.models import FellowPost, Secondment
from panels.models import Panel, PanelSeat
from people.models import Organisation, User
from studies.models import Programme, Study, StudyPerson, Theme

pytest_plugins = ["tests.plugins.isolation", "tests.plugins.browser"]

ROLES = (
    "anonymous", "stranger", "associate", "convenor", "fellow", "team", "steering", "panel_member",
    "conflicted_member", "chair", "lead", "staff", "administrator",
)  # fmt: skip


@pytest.fixture
def programme(db) -> Programme:
    return Programme.objects.create(
        name="Collaboration for Tests", short_name="CLAHRC-T", funder="A funder", region="Somewhere",
        starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2029, 12, 31), target_associates=400, target_fellows=24,
    )  # fmt: skip


@pytest.fixture
def organisation(db) -> Organisation:
    return Organisation.objects.create(name="Trent Healthcare", kind=Organisation.Kind.NHS_PROVIDER, ods_code="RX1")


@pytest.fixture
def theme(programme) -> Theme:
    return Theme.objects.create(slug="stroke", name="Stroke", kind=Theme.Kind.RESEARCH, position=1)


@pytest.fixture
def study(theme) -> Study:
    return Study.objects.create(
        slug="home-visits", theme=theme, acronym="HOVIS", title="Home visits after stroke", stage=Study.Stage.ACTIVE,
        summary="We ask whether a home visit before discharge helps people after a stroke.",
    )  # fmt: skip


@pytest.fixture
def other_study(theme) -> Study:
    return Study.objects.create(slug="return-to-work", theme=theme, title="Return to work", stage=Study.Stage.PROPOSED)


@pytest.fixture
def community(study) -> Community:
    return Community.objects.create(study=study, slug=study.slug, name="Home visits after stroke")


@pytest.fixture
def panel(programme) -> Panel:
    return Panel.objects.create(slug="scientific", kind=Panel.Kind.SCIENTIFIC, name="Scientific committee")


def make_user(name: str, **fields) -> User:
    return User.objects.create_user(
        f"{name}@example.org", "a-long-enough-password", full_name=name.replace("-", " ").title(), **fields
    )


@pytest.fixture
def stranger(db) -> User:
    """Can log in and has no role."""
    return make_user("stranger")


@pytest.fixture
def staff(db) -> User:
    return make_user("staff", is_staff=True)


@pytest.fixture
def administrator(db) -> User:
    return make_user("administrator", is_staff=True, is_superuser=True)


@pytest.fixture
def lead(theme) -> User:
    """Leads the theme of ``study``."""
    user = make_user("lead")
    theme.leads.add(user)
    return user


@pytest.fixture
def team(study) -> User:
    """Leads ``study``."""
    user = make_user("team")
    StudyPerson.objects.create(study=study, user=user, role=StudyPerson.Role.LEAD)
    return user


@pytest.fixture
def steering(study) -> User:
    """A service user on the steering committee of ``study``."""
    user = make_user("steering")
    StudyPerson.objects.create(study=study, user=user, role=StudyPerson.Role.STEERING_SERVICE_USER)
    return user


@pytest.fixture
def fellow(study, organisation) -> User:
    """Seconded to ``study``."""
    user = make_user("fellow", organisation=organisation)
    post = FellowPost.objects.create(study=study, number=1)
    Secondment.objects.create(post=post, fellow=user, organisation=organisation, starts_on=dt.date(2024, 2, 1))
    StudyPerson.objects.create(study=study, user=user, role=StudyPerson.Role.FELLOW, starts_on=dt.date(2024, 2, 1))
    return user


@pytest.fixture
def panel_member(panel) -> User:
    user = make_user("panel-member")
    PanelSeat.objects.create(panel=panel, user=user)
    return user


@pytest.fixture
def conflicted_member(panel, other_study) -> User:
    """Sits on ``panel`` and works on ``other_study``."""
    user = make_user("conflicted-member")
    PanelSeat.objects.create(panel=panel, user=user)
    StudyPerson.objects.create(study=other_study, user=user, role=StudyPerson.Role.STATISTICIAN)
    return user


@pytest.fixture
def chair(panel) -> User:
    user = make_user("chair")
    PanelSeat.objects.create(panel=panel, user=user, role=PanelSeat.Role.CHAIR)
    return user


def _join(user: User, community: Community, role: str) -> User:
    associate = Associate.objects.create(email=user.email, name=user.full_name, involvement="carer", user=user)
    Membership.objects.create(associate=associate, community=community, role=role)
    return user


@pytest.fixture
def convenor(community) -> User:
    return _join(make_user("convenor"), community, Membership.Role.CONVENOR)


@pytest.fixture
def associate(community) -> User:
    """An associate who can also log in."""
    return _join(make_user("associate"), community, Membership.Role.MEMBER)


@pytest.fixture
def client_of(request):
    """``client_of("staff")`` is a browser in which that member of the cast is logged in."""

    def make(role: str) -> Client:
        client = Client()
        if role != "anonymous":
            client.force_login(request.getfixturevalue(role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
