"""Dates and times as the NHS content style writes them: 23 November 2026, 2:30pm."""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "P"
DATETIME_FORMAT = "j F Y, P"
SHORT_DATE_FORMAT = "j M Y"
