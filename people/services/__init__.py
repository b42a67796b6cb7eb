"""Every write of the people app that touches a status or more than one row. Other apps call these from here."""

from people.services.accounts import (
    close_account,
    deactivate,
    end_session,
    end_sessions,
    forget_sessions,
    make_staff,
    mark_email_verified,
    reactivate,
    remove_staff,
    reset_second_factor,
)
from people.services.invitations import (
    INVITATION_DAYS,
    InvitationError,
    accept_invitation,
    check_invitable,
    invite,
    invite_staff,
    note_joined,
    read_invitation,
    resend_invitation,
    withdraw_invitation,
)
from people.services.organisations import delete_organisation, save_organisation, usage_of

__all__ = [
    "INVITATION_DAYS",
    "InvitationError",
    "accept_invitation",
    "check_invitable",
    "close_account",
    "deactivate",
    "delete_organisation",
    "end_session",
    "end_sessions",
    "forget_sessions",
    "invite",
    "invite_staff",
    "make_staff",
    "mark_email_verified",
    "note_joined",
    "reactivate",
    "read_invitation",
    "remove_staff",
    "resend_invitation",
    "reset_second_factor",
    "save_organisation",
    "usage_of",
    "withdraw_invitation",
]
