"""Forms of the studies app."""

from studies.forms.ledger import AmendmentForm, AnswerForm, SuggestionForm
from studies.forms.parts import DocumentForm, IdentifiersForm, SiteForm
from studies.forms.people import AddPersonForm, EndRoleForm, InvitePersonForm
from studies.forms.saved_views import RenameViewForm, SaveViewForm
from studies.forms.stages import MoveForm
from studies.forms.study import EditStudyForm, MergeForm, NewStudyForm, conflict_form

__all__ = [
    "AddPersonForm",
    "AmendmentForm",
    "AnswerForm",
    "DocumentForm",
    "EditStudyForm",
    "EndRoleForm",
    "IdentifiersForm",
    "InvitePersonForm",
    "MergeForm",
    "MoveForm",
    "NewStudyForm",
    "RenameViewForm",
    "SaveViewForm",
    "SiteForm",
    "SuggestionForm",
    "conflict_form",
]
