"""Who may keep what was answered."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["home", "dashboard", "people:me", "studies:manage"])
def test_page_when_logged_in_then_nobody_keeps_it(client_of, programme, name):
    assert "no-store" in client_of("staff").get(reverse(name)).headers["Cache-Control"]


def test_page_when_not_logged_in_then_it_may_be_kept(client, programme):
    assert "Cache-Control" not in client.get(reverse("home")).headers


def test_page_when_it_says_how_long_then_that_stands(client_of, programme):
    assert client_of("staff").get(reverse("robots")).headers["Cache-Control"] == "public, max-age=86400"
