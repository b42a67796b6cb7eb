"""Pages that look across every app."""

from clahrc.views.mine import dashboard
from clahrc.views.public import accessibility, help_page, home, privacy, robots, search, table_1, theme_detail
from clahrc.views.report import report, report_csv

__all__ = [
    "accessibility",
    "dashboard",
    "help_page",
    "home",
    "privacy",
    "report",
    "report_csv",
    "robots",
    "search",
    "table_1",
    "theme_detail",
]
