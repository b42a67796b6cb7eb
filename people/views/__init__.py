"""Pages of the people app."""

from people.views.account import close_account, me, me_edit, my_data, session_end
from people.views.invitations import accept, invite, resend, withdraw
from people.views.organisations import organisation_delete, organisation_edit, organisation_new, organisations
from people.views.people import (
    deactivate,
    detail,
    erase,
    index,
    make_staff,
    reactivate,
    remove_staff,
    reset_second_factor,
)
from people.views.second_factors import remove_passkey, turn_off_app

__all__ = [
    "accept",
    "close_account",
    "deactivate",
    "detail",
    "erase",
    "index",
    "invite",
    "make_staff",
    "me",
    "me_edit",
    "my_data",
    "organisation_delete",
    "organisation_edit",
    "organisation_new",
    "organisations",
    "reactivate",
    "remove_passkey",
    "remove_staff",
    "resend",
    "reset_second_factor",
    "session_end",
    "turn_off_app",
    "withdraw",
]
