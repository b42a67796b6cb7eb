"""What several tests of the communities app begin from."""

from __future__ import annotations

import pytest

from communities.models import Newsletter
from people.models import User
from tests.communities.factories import make_newsletter
from tests.conftest import make_user


@pytest.fixture
def must_be_approved(settings):
    """A second person has to approve newsletters."""
    settings.NEWSLETTERS_NEED_APPROVAL = True


@pytest.fixture
def spring(community, staff) -> Newsletter:
    """A newsletter that staff have written."""
    return make_newsletter(community, title="Spring", created_by=staff, updated_by=staff)


@pytest.fixture
def colleague(db) -> User:
    """Another member of programme staff."""
    return make_user("office", is_staff=True)
