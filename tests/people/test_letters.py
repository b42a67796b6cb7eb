"""Searches take small and capital letters of every alphabet for the same, on every database."""

import pytest
from django.db import connection
from django.urls import reverse

from people.letters import like
from people.models import Organisation, User
from studies.models import Study
from tests.communities.factories import make_associate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("typed", ["Łódź", "łódź", "ŁÓDŹ", "care łó"])
def test_search_when_letters_are_not_of_english_then_small_and_capital_find_the_same(
    client_of, staff, study, community, typed
):
    Study.objects.filter(pk=study.pk).update(title="Falls in care homes of Łódź")
    User.objects.create_user("l@example.org", full_name="Care of Łódź")
    Organisation.objects.create(name="Łódź Care Trust", kind=Organisation.Kind.NHS_PROVIDER)
    make_associate(community, name="Éloïse Łódź-Care")
    client = client_of("staff")
    for url, found in (
        (reverse("studies:manage"), "Falls in care homes"),
        (reverse("people:index"), "l@example.org"),
        (reverse("people:organisations"), "Łódź Care Trust"),
        (reverse("communities:members", args=[community.slug]), "Éloïse"),
        (reverse("search"), "Falls in care homes"),
    ):
        assert found in client.get(url, {"q": typed}).content.decode(), url
        assert found not in client.get(url, {"q": f"{typed}x"}).content.decode(), url


@pytest.mark.parametrize(
    ("words", "typed", "found"),
    [
        ("100% ŚLĄSK", "100% śl", True),
        ("100 of ŚLĄSK", "100% śl", False),
        ("a_b", "A_B", True),
        ("axb", "A_B", False),
        ("back\\slash", "K\\S", True),
        ("two\nlines", "O\nL", True),
        ("Ærø", "ÆRØ", True),
        ("Ærø", "", True),
        ("ελληνικά", "ΛΗΝ", True),
    ],
)
def test_icontains_when_asked_then_the_same_on_every_database(words, typed, found):
    Organisation.objects.create(name=words, kind=Organisation.Kind.OTHER)
    assert Organisation.objects.filter(name__icontains=typed).exists() is found
    assert Organisation.objects.filter(name__istartswith=words[:2].swapcase(), name__iendswith=words[-2:]).exists()
    assert Organisation.objects.filter(name__iexact=words.swapcase()).exists()


@pytest.mark.parametrize(
    ("pattern", "text", "escape", "said"),
    [
        ("%", "", None, True),
        ("", "", None, True),
        ("", "a", None, False),
        ("_", "", None, False),
        ("_", "é", None, True),
        ("A%C", "abbc", None, True),
        ("A%C", "abbcd", None, False),
        ("%b%b%", "abBa", None, True),
        ("%ŻÓ_W%", "mały żółw", None, True),
        ("50!%", "50%", "!", True),
        ("50!%", "50 or more", "!", False),
        ("%!_%", "a_b", "!", True),
        ("%!_%", "ab", "!", False),
        ("[a]", "[A]", None, True),
        (".", "a", None, False),
        (None, "a", None, None),
        ("a", None, None, None),
        ("1%", 12, None, True),
    ],
)
def test_like_when_asked_then_as_sql_has_it(pattern, text, escape, said):
    assert like(pattern, text, escape) is said
    if text is None or pattern is None or isinstance(text, str):
        with connection.cursor() as cursor:
            clause = f"ESCAPE '{escape}'" if escape else ""
            wanted = "LIKE" if connection.vendor == "sqlite" else "ILIKE"
            cursor.execute(f"SELECT CAST(%s AS text) {wanted} CAST(%s AS text) {clause}", [text, pattern])
            (answer,) = cursor.fetchone()
        assert (None if answer is None else bool(answer)) is said
