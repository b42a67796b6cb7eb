from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from people.validators import validate_ods_code, validate_orcid, validate_ror_id

ROR_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def accepts(validator, value: str) -> bool:
    try:
        validator(value)
    except ValidationError:
        return False
    return True


def ror_id(body: str) -> str:
    """A whole id by ROR's own rule, reckoned another way: base 32 by bits, then 98 minus the remainder."""
    bits = "".join(f"{ROR_ALPHABET.index(character):05b}" for character in body)
    return body + f"{98 - int(bits, 2) * 100 % 97:02d}"


# University of Nottingham, University of Leicester, CERN, University of Oxford, California Digital Library.
@pytest.mark.parametrize("value", ["01ee9ar58", "04h699437", "01ggx4157", "052gg0110", "03yrm5c26"])
def test_ror_id_when_in_the_registry_then_is_accepted(value):
    assert accepts(validate_ror_id, value)


@pytest.mark.parametrize(
    "value",
    ["", "01ee9ar59", "01ee9ar5", "01ee9ar588", "11ee9ar58", "01EE9AR58", "01eeiar58", "https://ror.org/01ee9ar58"],
)
def test_ror_id_when_it_is_none_then_is_refused(value):
    assert not accepts(validate_ror_id, value)


@given(st.text(ROR_ALPHABET, min_size=6, max_size=6), st.integers(0, 99))
def test_ror_id_when_any_check_digits_are_tried_then_only_the_right_ones_pass(body, digits):
    whole = ror_id("0" + body)
    assert accepts(validate_ror_id, whole)
    assert accepts(validate_ror_id, f"0{body}{digits:02d}") == (whole[-2:] == f"{digits:02d}")


@given(st.text(ROR_ALPHABET, min_size=6, max_size=6), st.integers(1, 6), st.sampled_from(ROR_ALPHABET))
def test_ror_id_when_one_character_is_mistyped_then_is_refused(body, place, character):
    whole = ror_id("0" + body)
    mistyped = whole[:place] + character + whole[place + 1 :]
    assert accepts(validate_ror_id, mistyped) == (mistyped == whole)


# Nottinghamshire Healthcare, Nottingham University Hospitals, a general practice, an integrated care board's place.
@pytest.mark.parametrize("value", ["RHA", "RX1", "C84023", "52R", "QT1"])
def test_ods_code_when_of_the_right_form_then_is_accepted(value):
    assert accepts(validate_ods_code, value)


@pytest.mark.parametrize("value", ["", "rha", "RH", "R-A", "R A", "ABCDEFGHIJK", "RHÄ", "RHA\n"])
def test_ods_code_when_it_is_none_then_is_refused(value):
    assert not accepts(validate_ods_code, value)


def orcid(body: str) -> str:
    total = 0
    for digit in body:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    whole = body + ("X" if check == 10 else str(check))
    return "-".join(whole[start : start + 4] for start in range(0, 16, 4))


@pytest.mark.parametrize("value", ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"])
def test_orcid_when_published_by_orcid_then_is_accepted(value):
    assert accepts(validate_orcid, value)


@given(st.text("0123456789", min_size=15, max_size=15), st.sampled_from("0123456789X"))
def test_orcid_when_any_check_digit_is_tried_then_only_the_right_one_passes(body, digit):
    whole = orcid(body)
    assert accepts(validate_orcid, whole)
    assert accepts(validate_orcid, whole[:-1] + digit) == (whole[-1] == digit)


@pytest.mark.parametrize(
    "value", ["", "0000-0002-1825-009", "0000000218250097", "0000-0002-1825-0097\n", "٠٠٠٠-0002-1825-0097"]
)
def test_orcid_when_of_the_wrong_form_then_is_refused(value):
    assert not accepts(validate_orcid, value)
