import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from studies.models import Study

pytestmark = pytest.mark.django_db


def test_theme_when_research_then_its_public_studies_and_numbers(client, theme, primary_care, make_study, associate):
    make_study(theme, "cato", posts=1, filled=1, summary="We ask what helps.")
    make_study(theme, "archived", archived_at=timezone.now())
    make_study(theme, "given-up", stage=Study.Stage.NOT_TAKEN_FORWARD)
    make_study(primary_care, "elsewhere")
    response = client.get(theme.get_absolute_url())
    assert [study.slug for study, _ in response.context["studies"]] == ["cato", "home-visits"]
    assert response.context["members"] == 1
    page = response.content.decode()
    assert "We ask what helps." in page
    assert "Diffusion fellows in post: 1" in page
    assert 'href="/communities/cato/"' in page


def test_theme_when_implementation_then_says_that_it_works_into_every_study(client, theme, implementation):
    page = client.get(implementation.get_absolute_url()).content.decode()
    assert "works into every study" in page
    assert theme.get_absolute_url() in page


def test_theme_when_there_is_none_then_404(client, programme):
    assert client.get(reverse("theme_detail", args=["nothing"])).status_code == 404


def test_theme_when_it_has_many_studies_then_by_pages_with_no_more_queries(client, theme, make_study):
    def queries(page=""):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(theme.get_absolute_url() + page).status_code == 200
        return len(captured)

    make_study(theme, "first")
    few = queries()
    for number in range(49):
        make_study(theme, f"s{number}", posts=1, filled=1)
    assert queries() == queries("?page=3") == queries("?page=nonsense") == few
