import pytest
from django.urls import reverse

from people.slugs import slug_of
from studies.models import Study


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("Falls in Łódź", "falls-in-lodz"),
        ("ŻÓŁW", "zolw"),
        ("Größe & Æther: Ørsted", "grosse-aether-orsted"),
        ("Þórður Đorđe", "thordur-dorde"),
        ("Plain words, 2026", "plain-words-2026"),
        ("研究", ""),
    ],
)
def test_slug_of_when_letters_are_not_of_english_then_none_is_left_out(words, slug):
    assert slug_of(words) == slug


@pytest.mark.django_db
def test_study_when_created_without_an_address_then_it_has_every_letter_of_its_acronym(client_of, staff, theme):
    data = {"title": "Falls", "acronym": "ŻÓŁW", "theme": theme.pk}
    client_of("staff").post(reverse("studies:new"), data)
    assert Study.objects.get().slug == "zolw"
