"""Numbers in what people send."""

import pytest

from people.numbers import whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), ("9" * 18, 10**18 - 1), ("9" * 19, None),
     pytest.param("9" * 5000, None, id="long"), ("", None), ("-1", None),
     ("1.0", None), (" 1", None), ("²", None), ("٣", None), ("one", None)],
)  # fmt: skip
def test_whole_number_when_read_then_only_plain_digits_small_enough_for_a_key(text, number):
    assert whole_number(text) == number
