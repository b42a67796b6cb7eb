"""How often an email may be asked for, also where many ask at the same moment."""

from __future__ import annotations

from functools import partial

import pytest

from communities.models import Attempt
from communities.services.limits import PER_ADDRESS, check_limit
from tests.communities.together import at_once


@pytest.mark.django_db(transaction=True)
def test_limit_when_many_ask_for_one_address_at_the_same_moment_then_no_more_than_one_after_another():
    asks = [partial(check_limit, email="joan@example.org", host=f"203.0.113.{number}") for number in range(8)]
    assert at_once(asks) == []
    assert Attempt.objects.filter(scope="address").count() == PER_ADDRESS
