"""Every write of the studies app. Each takes who does it as ``by`` and leaves that in the history."""

from studies.services.editing import Difference, EditConflictError, create_study, edit_study
from studies.services.ledger import answer_suggestion, make_suggestion, record_amendment
from studies.services.moving import archive_study, move_study, unarchive_study
from studies.services.parts import (
    add_document,
    add_site,
    put_document_back,
    remove_document,
    remove_site,
    set_identifier,
)
from studies.services.people import ask_onto_study, put_person_on_study, take_back_person, take_person_off_study
from studies.services.saved_views import delete_view, drop_default_view, make_default_view, rename_view, save_view

__all__ = [
    "Difference",
    "EditConflictError",
    "add_document",
    "add_site",
    "answer_suggestion",
    "archive_study",
    "ask_onto_study",
    "create_study",
    "delete_view",
    "drop_default_view",
    "edit_study",
    "make_default_view",
    "make_suggestion",
    "move_study",
    "put_document_back",
    "put_person_on_study",
    "record_amendment",
    "remove_document",
    "remove_site",
    "rename_view",
    "save_view",
    "set_identifier",
    "take_back_person",
    "take_person_off_study",
    "unarchive_study",
]
