import datetime as dt
import re

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from clahrc.table_1 import table_1
from fellows.models import FellowPost, Secondment
from studies.models import Study, Theme

pytestmark = pytest.mark.django_db

URL = reverse("table_1")


def words(response):
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


def test_table_1_when_the_papers_programme_is_loaded_then_as_the_paper_prints_it(client):
    call_command("load_programme", "data/clahrc-ndl.json", verbosity=0)
    table = table_1()
    assert [(column.name, [study.fellows for study in column.studies]) for column in table.columns] == [
        ("Mental Health", [2, 1, 1, 2]),
        ("Primary Care", [1, 1, 2, 1]),
        ("Stroke Rehabilitation", [1, 1, 1, 1]),
        ("Children and Young People", [1, 2, 0, 2]),
    ]
    assert (table.studies, table.fellows, table.vacancies) == (16, 20, 1)
    response = client.get(URL)
    page = words(response)
    assert "16 studies in 4 research themes, with 20 diffusion fellows in post and 1 position currently vacant." in page
    assert "Total: 16 studies, 20 diffusion fellows in post" in page
    assert "(PATCHWORK) Diffusion fellows: position currently vacant" in page.replace(
        "(PATCHWORK)Diff", "(PATCHWORK) Diff"
    )
    html = response.content.decode()
    assert html.count('scope="row"') == 4
    assert re.findall(r'href="(/studies/[^"]+/)"', html).count("/studies/cato/") == 1
    assert len(re.findall(r'href="/communities/(?!join)[^"]+/"', html)) == 16


@pytest.mark.parametrize(
    ("posts", "filled", "said"),
    [
        (0, 0, "Diffusion fellows: no position yet"),
        (1, 1, "Diffusion fellows: 1Community"),
        (1, 0, "Diffusion fellows: position currently vacant"),
        (2, 0, "Diffusion fellows: positions currently vacant"),
        (2, 1, "Diffusion fellows: 1, position currently vacant"),
        (3, 1, "Diffusion fellows: 1, 2 positions currently vacant"),
    ],
)
def test_table_1_when_posts_are_filled_or_vacant_then_says_so(client, theme, make_study, posts, filled, said):
    make_study(theme, "cato", posts=posts, filled=filled)
    assert said in words(client.get(URL))


def test_table_1_when_read_then_each_theme_and_all_its_studies_before_the_next(client, theme, primary_care, make_study):
    for slug, each in {"one": theme, "three": primary_care, "two": theme}.items():
        make_study(each, slug)
    html = client.get(URL).content.decode()
    rows = [strip_tags(row) for row in re.findall(r"<tr.*?</tr>", html, re.S)]
    read = [[name for name in (theme.name, "One", "Two", primary_care.name, "Three") if name in row] for row in rows]
    assert read == [[theme.name, "One", "Two"], [primary_care.name, "Three"], []]
    assert html.count(f">{theme.name}<") == 1


@pytest.mark.parametrize(("studies", "is_long"), [(0, False), (39, False), (40, True)])
def test_table_1_when_a_theme_has_many_studies_then_they_need_not_be_level(client, theme, studies, is_long):
    Study.objects.bulk_create(Study(slug=f"s{n}", theme=theme, title=f"Study {n}") for n in range(studies))
    assert table_1().is_long == is_long
    assert ("app-table-1--long" in client.get(URL).content.decode()) == is_long


def test_table_1_when_archived_given_up_closed_or_ended_then_not_counted(theme, make_study):
    make_study(theme, "archived", posts=1, filled=1, archived_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    make_study(theme, "given-up", posts=1, filled=1, stage=Study.Stage.NOT_TAKEN_FORWARD)
    study = make_study(theme, "kept", posts=2, filled=2)
    Secondment.objects.filter(post__study=study, post__number=1).update(ends_on=dt.date(2025, 1, 2))
    FellowPost.objects.filter(study=study, number=2).update(closed_on=dt.date(2026, 1, 1))
    table = table_1()
    assert [study.title for study in table.columns[0].studies] == ["Kept"]
    assert (table.fellows, table.vacancies) == (0, 1)


def test_table_1_when_a_post_had_many_fellows_then_counted_once(theme, make_study):
    study = make_study(theme, "kept", posts=2, filled=2)
    post = study.fellow_posts.get(number=1)
    for year in (2020, 2021, 2022):
        Secondment.objects.create(post=post, starts_on=dt.date(year, 1, 1), ends_on=dt.date(year, 12, 31))
    assert (table_1().fellows, table_1().vacancies) == (2, 0)


def test_table_1_when_public_then_names_no_fellow(client, fellow):
    page = client.get(URL).content.decode()
    assert "Diffusion fellows: 1" in page
    assert fellow.full_name not in page.replace("fellows", "").replace("Diffusion fellow", "")
    assert fellow.email not in page


def test_table_1_when_nothing_is_loaded_then_says_so(client):
    response = client.get(URL)
    assert response.status_code == 200
    assert "There are no studies to show yet" in words(response)


def test_table_1_when_more_studies_then_no_more_queries(client, theme, make_study):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    make_study(theme, "first", posts=2, filled=1)
    few = queries()
    for number in range(49):
        make_study(theme, f"s-{number}", posts=2, filled=1)
    assert queries() == few


def test_table_1_when_there_is_one_theme_or_seven_then_each_is_headed(client, programme, make_study):
    for number in range(7):
        theme = Theme.objects.create(slug=f"t{number}", name=f"Theme {number}", kind="research", position=number)
        make_study(theme, f"s{number}")
    html = client.get(URL).content.decode()
    assert html.count('scope="row"') == 7
    assert 'colspan="2"' in html
