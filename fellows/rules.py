"""Who may do what in the fellows app."""

from __future__ import annotations

import rules

from people.rules import is_programme_staff
from studies.rules import is_theme_lead

#: See every post and its numbers across the programme.
rules.add_perm("fellows.view_all_fellows", is_programme_staff)
#: Second a fellow to a study, end or name a secondment, open or close a post: staff, and the lead of its theme.
rules.add_perm("fellows.change_fellows", is_programme_staff | is_theme_lead)
