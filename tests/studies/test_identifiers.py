"""The numbers of registries, as people type them and as the registries write them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from studies.identifiers import SCHEMES, read_identifier
from studies.models import StudyIdentifier


def test_schemes_cover_every_registry_that_staff_are_asked_for():
    assert set(SCHEMES) == set(StudyIdentifier.Scheme.values)


@pytest.mark.parametrize(
    ("scheme", "typed", "kept"),
    [
        ("isrctn", "ISRCTN37167117", "ISRCTN37167117"),
        ("isrctn", "ISRCTN 3716 7117", "ISRCTN37167117"),
        ("isrctn", " isrctn37167117\u200b", "ISRCTN37167117"),
        ("isrctn", "37167117", "ISRCTN37167117"),
        ("isrctn", "https://www.isrctn.com/ISRCTN37167117", "ISRCTN37167117"),
        ("isrctn", "https://doi.org/10.1186/ISRCTN37167117", "ISRCTN37167117"),
        ("isrctn", "10.1186/isrctn37167117", "ISRCTN37167117"),
        ("isrctn", "ISRCTN00414774", "ISRCTN00414774"),
        ("iras", "IRAS project ID: 123456", "123456"),
        ("iras", "1 003 456", "1003456"),
        ("iras", "7345", "7345"),
        ("cpms", "CPMS ID 45388", "45388"),
        ("cpms", "UKCRN 9732", "9732"),
        ("doi", "https://doi.org/10.1186/1748-5908-7-40", "10.1186/1748-5908-7-40"),
        ("doi", "http://dx.doi.org/10.1186/1748\u20115908-7-40", "10.1186/1748-5908-7-40"),
        ("doi", "doi:10.1136/BMJ.c332", "10.1136/bmj.c332"),
        ("doi", "10.1016/S0140-6736(10)60834-3.", "10.1016/s0140-6736(10)60834-3"),
        ("doi", "10.1000/182)", "10.1000/182"),
        ("doi", "10.1000%2F182", "10.1000/182"),
        ("doi", "10.1000.10/123456", "10.1000.10/123456"),
    ],
)
def test_read_identifier_when_typed_in_any_usual_way_then_kept_in_the_registrys_own(scheme, typed, kept):
    assert read_identifier(scheme, typed) == kept
    assert read_identifier(scheme, kept) == kept


@pytest.mark.parametrize(
    ("scheme", "typed"),
    [
        ("isrctn", "ISRCTN1234567"), ("isrctn", "ISRCTN123456789"), ("isrctn", "NCT01066572"), ("isrctn", "١٢٣٤٥٦٧٨"),
        ("iras", "12"), ("iras", "12345678"), ("iras", "about 100000"), ("cpms", "1234567"), ("cpms", "x"),
        ("doi", "11.1000/182"), ("doi", "10.1000"), ("doi", "10.1000/"), ("doi", "10.1/2"), ("doi", "10.1000/a b"),
        ("doi", "10.1000/a\x00b"),
    ],
)  # fmt: skip
def test_read_identifier_when_it_cannot_be_one_then_it_is_refused(scheme, typed):
    with pytest.raises(ValidationError):
        read_identifier(scheme, typed)


@given(st.sampled_from(sorted(SCHEMES)), st.text(max_size=60))
def test_read_identifier_when_given_anything_then_it_answers_or_refuses_and_settles(scheme, typed):
    try:
        kept = read_identifier(scheme, typed)
    except ValidationError:
        return
    assert read_identifier(scheme, kept) == kept
    assert len(kept) <= 120


def test_url_when_the_number_has_odd_characters_then_they_are_quoted():
    assert SCHEMES["doi"].url("10.1002/(sici)1097<1::aid>") == "https://doi.org/10.1002/(sici)1097%3C1::aid%3E"
    assert SCHEMES["iras"].url("123456") == ""
