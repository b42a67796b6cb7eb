import datetime as dt

import pytest

from people.words import moment_words, time_words

UTC = dt.UTC


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (dt.datetime(2026, 11, 23, 14, 30, tzinfo=UTC), "2:30pm"),
        (dt.datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "4pm"),
        (dt.datetime(2026, 11, 23, 12, 0, tzinfo=UTC), "midday"),
        (dt.datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "midnight"),
        (dt.datetime(2026, 11, 23, 0, 5, tzinfo=UTC), "12:05am"),
        (dt.datetime(2026, 7, 1, 11, 5, tzinfo=UTC), "12:05pm"),
    ],
)
def test_time_words_when_it_is_any_time_then_they_are_londons(moment, words):
    assert time_words(moment) == words


def test_moment_words_when_summer_time_passes_midnight_then_the_day_is_londons():
    assert moment_words(dt.datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == "1 July 2026, 12:30am"
