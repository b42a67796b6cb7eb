"""The programme, its themes and studies, who is on them, and the co-production ledger."""

from studies.models.ledger import Amendment, Suggestion
from studies.models.parts import StudyDocument, StudyIdentifier, StudySite
from studies.models.programme import Consultation, ExistingNetwork, Loaded, Programme, Theme
from studies.models.study import RESERVED_SLUGS, SavedView, StageMove, Study, StudyPerson

__all__ = [
    "RESERVED_SLUGS",
    "Amendment",
    "Consultation",
    "ExistingNetwork",
    "Loaded",
    "Programme",
    "SavedView",
    "StageMove",
    "Study",
    "StudyDocument",
    "StudyIdentifier",
    "StudyPerson",
    "StudySite",
    "Suggestion",
    "Theme",
]
