import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fellows.models import FellowPost, Secondment
from mailing.models import Delivery
from people.models import Invitation, User
from studies.models import Study, StudyPerson
from tests.conftest import ROLES

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 23)
INDEX = reverse("fellows:index")
STUDY = reverse("fellows:study", args=["home-visits"])
SECOND = reverse("fellows:second", args=["home-visits", 1])


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC), tick=False):
        yield


def boxes(name, day):
    """A date as its three boxes are posted."""
    return {f"{name}_day": day.day, f"{name}_month": day.month, f"{name}_year": day.year} if day else {}


def filled_in(**more):
    return {"who": "new", "full_name": "Nina New", "email": "nina@example.org", "days_per_week": "1",
            **boxes("starts_on", TODAY), **more}  # fmt: skip


# --- Who gets in ----------------------------------------------------------------------------------------------

SEES_INSIDE = {"fellow", "team", "steering", "lead", "staff", "administrator"}
MAY_CHANGE = {"lead", "staff", "administrator"}


@pytest.mark.parametrize("role", ROLES)
def test_pages_when_each_role_asks_then_only_those_inside_get_in(role, client_of, post, study):
    if role == "fellow":
        post.delete()
    client = client_of(role)
    post = FellowPost.objects.get(study=study, number=1)
    secondment = post.secondments.first() or Secondment.objects.create(post=post, starts_on=dt.date(2026, 1, 1))
    if role == "anonymous":
        for url in (INDEX, STUDY, SECOND):
            assert client.get(url).url == f"{reverse('account_login')}?next={url}"
        return
    assert client.get(INDEX).status_code == 200
    assert client.get(STUDY).status_code == (200 if role in SEES_INSIDE else 404)
    changes = [
        SECOND,
        reverse("fellows:post_close", args=["home-visits", 1]),
        reverse("fellows:secondment_name", args=[secondment.pk]),
        reverse("fellows:secondment_end", args=[secondment.pk]),
    ]
    expected = 200 if role in MAY_CHANGE else 403 if role in SEES_INSIDE else 404
    assert [client.get(url).status_code for url in changes] == [expected] * 4
    undo = reverse("fellows:secondment_undo_end", args=[secondment.pk])
    opening = reverse("fellows:post_open", args=["home-visits"])
    assert [client.get(url).status_code for url in (undo, opening)] == [405, 405]
    if role not in MAY_CHANGE:
        assert [client.post(url).status_code for url in (undo, opening)] == [expected] * 2


def test_pages_when_a_fellow_sees_them_then_no_way_to_change_and_no_funding(client_of, fellow):
    Secondment.objects.update(matched_funding=12345)
    page = client_of("fellow").get(STUDY).content.decode()
    assert "Fellow" in page
    assert "12,345" not in page
    assert "Second somebody" not in page
    assert "12,345" in client_of("staff").get(STUDY).content.decode()


def test_index_when_role_is_not_staff_then_only_their_studies(client_of, fellow, other_study):
    FellowPost.objects.create(study=other_study, number=1)
    page = client_of("fellow").get(INDEX)
    assert [post.study.slug for post in page.context["page_obj"]] == ["home-visits"]
    assert "Return to work" not in page.content.decode()


# --- The list -------------------------------------------------------------------------------------------------


def test_index_when_filtered_then_exactly_the_posts_in_that_state(client_of, theme, staff, clinician):
    studies = {
        name: Study.objects.create(slug=name, theme=theme, title=name) for name in ("a", "b", "c", "d", "e", "f")
    }
    posts = {name: FellowPost.objects.create(study=study, number=1) for name, study in studies.items()}
    year = dt.date(2026, 1, 1)
    Secondment.objects.create(post=posts["a"], fellow=clinician, starts_on=year)
    Secondment.objects.create(post=posts["b"], starts_on=year)
    Secondment.objects.create(post=posts["c"], fellow=clinician, starts_on=year, ends_on=dt.date(2027, 5, 23))
    Secondment.objects.create(post=posts["d"], fellow=clinician, starts_on=year, ends_on=dt.date(2027, 5, 24))
    Secondment.objects.create(post=posts["e"], fellow=clinician, starts_on=year, ends_on=dt.date(2026, 11, 22))
    Secondment.objects.create(post=posts["f"], fellow=clinician, starts_on=dt.date(2022, 5, 24))
    archived = Study.objects.create(
        slug="z", theme=theme, title="z", archived_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )
    FellowPost.objects.create(study=archived, number=1)
    client = client_of("staff")

    def shown(state):
        return [post.study.slug for post in client.get(INDEX, {"state": state}).context["page_obj"]]

    assert shown("") == shown("nonsense") == ["a", "b", "c", "d", "e", "f"]
    assert shown("vacant") == ["e"]
    assert shown("ending") == ["c", "f"]
    assert shown("unnamed") == ["b"]
    assert client.get(INDEX).context["counts"] == {
        "posts": 6, "studies": 6, "filled": 5, "vacant": 1, "unnamed": 1, "ending": 2,
    }  # fmt: skip


def test_index_when_there_is_one_post_then_counted_in_words_that_fit(client_of, fellow):
    assert "of 1 post on 1 study" in client_of("fellow").get(INDEX).content.decode()


def test_index_when_no_study_has_a_post_then_staff_are_told_where_to_open_one(client_of, study, staff, team):
    page = client_of("staff").get(INDEX).content.decode()
    assert "No study has a post for a fellow yet" in page
    assert f'href="{reverse("studies:manage")}"' in page
    assert "Ask programme staff if you expected to see one" in client_of("team").get(INDEX).content.decode()


def test_study_when_looked_at_then_the_way_to_the_studys_other_pages_stays(client_of, post, staff):
    page = client_of("staff").get(STUDY).content.decode()
    for name in ("detail", "people", "documents", "ledger", "history"):
        assert f'href="{reverse(f"studies:{name}", args=["home-visits"])}"' in page


def test_second_when_a_secondment_lasts_a_year_at_most_then_says_one_year(client_of, post, programme, staff):
    programme.secondment_max_years = 1
    programme.save()
    assert "lasts at most 1 year. Leave" in client_of("staff").get(SECOND).content.decode()
    late = filled_in(**boxes("ends_on", dt.date(2027, 11, 23)))
    assert "lasts at most 1 year. The last day" in client_of("staff").post(SECOND, late).content.decode()


def test_index_when_more_rows_then_no_more_queries(client_of, theme, staff, clinician):
    client = client_of("staff")

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(INDEX)
        return len(captured)

    def add(count):
        for _ in range(count):
            number = Study.objects.count()
            study = Study.objects.create(slug=f"s-{number}", theme=theme, title=f"Study {number}")
            post = FellowPost.objects.create(study=study, number=1)
            Secondment.objects.create(post=post, fellow=clinician, starts_on=dt.date(2026, 1, 1))

    add(1)
    queries()
    few = queries()
    add(49)
    assert queries() == few


# --- Seconding ------------------------------------------------------------------------------------------------


def test_second_when_somebody_new_then_invited_seconded_and_told(client_of, post, study, staff, organisation):
    response = client_of("staff").post(
        SECOND,
        filled_in(organisation=organisation.pk, matched_funding="12000", **boxes("ends_on", dt.date(2028, 1, 1))),
    )
    assert response.url == f"{STUDY}#post-1"
    fellow = User.objects.get(email="nina@example.org")
    row = Secondment.objects.get()
    assert (row.fellow, row.organisation, row.starts_on, row.ends_on, row.matched_funding) == (
        fellow, organisation, TODAY, dt.date(2028, 1, 1), 12000,
    )  # fmt: skip
    assert Invitation.objects.get().role == "Diffusion fellow on HOVIS"
    assert StudyPerson.objects.today().filter(user=fellow, study=study, role="fellow").count() == 1
    sent = {("invitation", "nina@example.org"), ("secondment", "nina@example.org")}
    assert set(Delivery.objects.values_list("mailing__topic", "recipient")) == sent
    assert Delivery.objects.count() == 2


def test_second_when_sent_twice_then_one_secondment(client_of, post, staff):
    client = client_of("staff")
    for _ in range(2):
        assert client.post(SECOND, filled_in()).url == f"{STUDY}#post-1"
    assert Secondment.objects.count() == 1
    assert Delivery.objects.count() == 2


def test_second_when_refused_then_nobody_is_invited_and_nothing_typed_is_lost(
    client_of, post, staff, clinician, second
):
    second(post, clinician, dt.date(2026, 1, 1))
    emails = Delivery.objects.count()
    response = client_of("staff").post(SECOND, filled_in())
    page = response.content.decode()
    assert response.status_code == 200
    assert response.context["form"].errors == {
        "starts_on": ["The post is taken from 1 January 2026 with no last day yet. Choose days when it is free."]
    }
    assert "nina@example.org" in page
    assert "<title>Error: " in page
    assert not User.objects.filter(email="nina@example.org").exists()
    assert Delivery.objects.count() == emails


def test_second_when_person_is_known_then_they_are_told_once(client_of, post, clinician, staff):
    data = {"who": "known", "fellow": clinician.pk, "days_per_week": "0.5", **boxes("starts_on", TODAY)}
    assert client_of("staff").post(SECOND, data).status_code == 302
    assert Secondment.objects.get().fellow == clinician
    assert [delivery.recipient for delivery in Delivery.objects.all()] == ["clinician@example.org"]


def test_second_when_name_comes_later_then_in_post_without_name(client_of, post, staff):
    data = {"who": "later", "email": "not an address", "days_per_week": "1", **boxes("starts_on", TODAY)}
    assert client_of("staff").post(SECOND, data).status_code == 302
    assert Secondment.objects.get().fellow is None


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"who": ""}, {"who"}),
        ({"who": "emperor"}, {"who"}),
        ({"who": "known"}, {"fellow"}),
        ({"who": "known", "fellow": "999999"}, {"fellow"}),
        ({"who": "known", "fellow": "nobody"}, {"fellow"}),
        ({"email": "nina"}, {"email"}),
        ({"email": "", "full_name": ""}, {"email", "full_name"}),
        ({"organisation": "0"}, {"organisation"}),
        ({"starts_on_day": "31", "starts_on_month": "2"}, {"starts_on"}),
        ({"starts_on_year": ""}, {"starts_on"}),
        ({"starts_on_year": "9999"}, set()),
        (boxes("ends_on", dt.date(2026, 11, 22)), {"ends_on"}),
        (boxes("ends_on", dt.date(2040, 1, 1)), {"ends_on"}),
        ({"days_per_week": "6"}, {"days_per_week"}),
        ({"days_per_week": "0"}, {"days_per_week"}),
        ({"days_per_week": "NaN"}, {"days_per_week"}),
        ({"days_per_week": "one"}, {"days_per_week"}),
        ({"matched_funding": "-1"}, {"matched_funding"}),
        ({"matched_funding": "1e30"}, {"matched_funding"}),
        ({"full_name": "N" * 151}, {"full_name"}),
        ({"full_name": "Nina\x00New"}, {"full_name"}),
        ({"full_name": "Click https://bad.example"}, {"full_name"}),
    ],
)
def test_second_when_entered_badly_then_says_so_at_the_field(client_of, post, staff, changes, wrong):
    response = client_of("staff").post(SECOND, filled_in(**changes))
    if wrong:
        assert response.status_code == 200
        assert set(response.context["form"].errors) == wrong
        assert not Secondment.objects.exists()
    else:
        assert response.status_code in (200, 302)


# --- Naming, ending, undoing ------------------------------------------------------------------------------------


def test_name_when_somebody_new_then_invited_and_named(client_of, post, staff):
    secondment = Secondment.objects.create(post=post, starts_on=dt.date(2026, 1, 1))
    url = reverse("fellows:secondment_name", args=[secondment.pk])
    data = {"who": "new", "full_name": "Nina New", "email": "nina@example.org"}
    assert client_of("staff").post(url, data).url == f"{STUDY}#post-1"
    secondment.refresh_from_db()
    assert secondment.fellow.full_name == "Nina New"


def test_end_when_said_then_recorded_and_can_be_undone(client_of, fellow, staff, study):
    client = client_of("staff")
    secondment = fellow.secondments.get()
    end = reverse("fellows:secondment_end", args=[secondment.pk])
    assert client.post(end, {"because": "Has moved", **boxes("ends_on", TODAY)}).url == f"{STUDY}#post-1"
    page = client.get(STUDY).content.decode()
    assert "Has moved" in page
    assert "Undo the end" in page
    undo = reverse("fellows:secondment_undo_end", args=[secondment.pk])
    assert client.post(undo).url == f"{STUDY}#post-1"
    secondment.refresh_from_db()
    assert secondment.ends_on is None
    assert "nothing to undo" in client.post(undo, follow=True).content.decode()


def test_end_when_because_is_empty_then_asks_and_keeps_the_day(client_of, fellow, staff):
    url = reverse("fellows:secondment_end", args=[fellow.secondments.get().pk])
    response = client_of("staff").post(url, {"because": " ", **boxes("ends_on", dt.date(2026, 12, 24))})
    assert response.context["form"].errors == {"because": ["Say why the secondment ends."]}
    assert 'value="24"' in response.content.decode()


# --- Posts ----------------------------------------------------------------------------------------------------


def test_post_open_and_close_when_lead_then_done_and_refusals_are_said(client_of, post, study, lead):
    client = client_of("lead")
    opening = reverse("fellows:post_open", args=["home-visits"])
    assert client.post(opening).url == f"{STUDY}#post-2"
    assert client.post(opening).url == f"{STUDY}#post-3"
    assert "A study can have at most 3 posts" in client.post(opening, follow=True).content.decode()
    closing = reverse("fellows:post_close", args=["home-visits", 3])
    assert "Close post 3?" in client.get(closing).content.decode()
    assert client.post(closing).url == STUDY
    assert FellowPost.objects.get(number=3).closed_on == TODAY
    assert client.get(reverse("fellows:post_close", args=["home-visits", 9])).status_code == 404
