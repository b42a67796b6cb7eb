"""Every write of the people app that touches a status or more than one row. Other apps call these from here."""

from people.services.accounts import (
    close_account,
    deactivate,
    end_sessions,
    make_staff,
    mark_email_verified,
    reactivate,
    remove_staff,
)
from people.services.invitations import (
    INVITATION_DAYS,
    InvitationError,
    accept_invitation,
    check_invitable,
    invite,
    read_invitation,
    resend_invitation,
    withdraw_invitation,
)

__all__ = [
    "INVITATION_DAYS",
    "InvitationError",
    "accept_invitation",
    "check_invitable",
    "close_account",
    "deactivate",
    "end_sessions",
    "invite",
    "make_staff",
    "mark_email_verified",
    "reactivate",
    "read_invitation",
    "remove_staff",
    "resend_invitation",
    "withdraw_invitation",
]
