import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["help", "privacy", "accessibility"])
@pytest.mark.parametrize("loaded", [True, False])
def test_page_when_anonymous_then_readable_and_says_whom_to_ask(client, request, name, loaded):
    if loaded:
        request.getfixturevalue("programme")
    response = client.get(reverse(name))
    assert response.status_code == 200
    page = response.content.decode()
    assert page.count("<h1") == 1
    assert 'href="mailto:portal@example.org"' in page


def test_privacy_when_read_then_names_every_cookie_that_the_portal_sets(client, staff, programme):
    """What the page says is what a browser gets, through a login and a message of success."""
    page = client.get(reverse("privacy")).content.decode()
    client.get(reverse("account_login"))
    client.post(reverse("account_login"), {"login": staff.email, "password": "a-long-enough-password"})
    client.get(reverse("dashboard"))
    assert client.cookies.keys() == {"sessionid", "csrftoken"}
    assert all(f'scope="row">{name}<' in page for name in client.cookies)


@pytest.mark.parametrize(
    "name", ["home", "table_1", "search", "dashboard", "report", "report_csv", "fellows:index", "help"]
)
def test_page_when_nothing_is_loaded_then_still_answers(client_of, staff, name):
    assert client_of("staff").get(reverse(name)).status_code == 200


def test_robots_when_asked_then_may_read_public_pages_and_no_link_of_somebodys_own(client):
    response = client.get("/robots.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    refused = [line.removeprefix("Disallow: ") for line in response.content.decode().splitlines()[1:] if line]

    def may_read(name: str, *args: str) -> bool:
        return not reverse(name, args=args).startswith(tuple(refused))

    assert all(may_read(name) for name in ("home", "table_1", "communities:index", "communities:join", "events:index"))
    assert may_read("studies:detail", "a-study")
    assert may_read("communities:detail", "a-community")
    assert not any(may_read(f"communities:{name}", "x.y.z") for name in ("confirm", "preferences", "unsubscribe"))
    assert not any(may_read(name) for name in ("dashboard", "people:me", "search", "studies:manage"))


@pytest.mark.parametrize(
    ("days", "words"),
    [("1", "one day a week"), ("0.5", "half a day a week"), ("2", "two days a week"), ("2.5", "2.5 days a week")],
)
def test_pages_when_they_explain_a_fellow_then_with_the_programmes_own_time(
    client_of, staff, programme, study, days, words
):
    programme.secondment_days_per_week = days
    programme.save()
    client = client_of("staff")
    for url in (
        reverse("home"),
        reverse("table_1"),
        reverse("help"),
        reverse("fellows:index"),
        reverse("fellows:study", args=[study.slug]),
        reverse("studies:people", args=[study.slug]),
    ):
        page = " ".join(client.get(url).content.decode().split())
        assert words in page, url
        assert ("one day a week" in page) is (days == "1"), url
