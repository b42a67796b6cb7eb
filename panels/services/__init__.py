"""Every write of the panels app that touches a status or more than one row."""

from panels.services.cycles import (
    add_reviewers,
    change_cycle,
    close_cycle,
    invite_peer_reviewer,
    open_cycle,
    release_comments,
    reopen_cycle,
    withdraw_review,
)
from panels.services.decisions import mark_condition_met, mark_condition_unmet, record_decision
from panels.services.reminders import remind
from panels.services.reviews import (
    declare_conflict,
    declare_no_conflict,
    reopen_review,
    save_draft,
    submit_review,
    undo_conflict,
)
from panels.services.seats import (
    add_question,
    change_question,
    change_seat,
    end_seat,
    give_default_questions,
    invite_to_seat,
    move_question,
    retire_question,
    seat_person,
)

__all__ = [
    "add_question",
    "add_reviewers",
    "change_cycle",
    "change_question",
    "change_seat",
    "close_cycle",
    "declare_conflict",
    "declare_no_conflict",
    "end_seat",
    "give_default_questions",
    "invite_peer_reviewer",
    "invite_to_seat",
    "mark_condition_met",
    "mark_condition_unmet",
    "move_question",
    "open_cycle",
    "record_decision",
    "release_comments",
    "remind",
    "reopen_cycle",
    "reopen_review",
    "retire_question",
    "save_draft",
    "seat_person",
    "submit_review",
    "undo_conflict",
    "withdraw_review",
]
