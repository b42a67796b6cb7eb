"""Who may open which address, in full. A new page adds its name to one of these rows, and to PUBLIC if it is public.

A row maps each answer to the roles that get it: a status, ``login`` (asked to log in) or ``on`` (sent to another
page); ``*`` stands for every other role. 405 is an address that only takes a POST.
"""

PUBLIC = """
    home theme_detail table_1 search help privacy accessibility studies:detail communities:index
    communities:join communities:join_sent communities:confirm communities:renew communities:link
    communities:link_sent communities:erased communities:preferences communities:preferences_details
    communities:preferences_calendar communities:preferences_data communities:preferences_erase
    communities:unsubscribe communities:resubscribe
    communities:detail communities:items communities:calendar events:index events:past events:feed events:detail
    events:calendar_entry events_calendar events:register events:register_sent events:registration
    events:registration_change events:registration_cancel events:registration_erase events:offer_accept events:feedback
    events:registration_data
    events:personal_calendar newsletters:index newsletters:feed newsletters:detail newsletters:picture
    newsletters:follow
    reviews:autosave
    people:accept account_login account_logout account_inactive account_signup account_email_verification_sent
    account_reset_password account_confirm_login_code account_confirm_email
    account_reset_password_from_key_done account_reset_password_from_key account_reset_password_done
    account_request_login_code mfa_authenticate mfa_login_webauthn healthz readyz robots mailing:hook metrics
"""

ANSWERS: list[tuple[dict[str, str], str]] = [
    (
        {
            "200": "*",
            "403": "panel_member",
            "404": "stranger associate convenor conflicted_member chair",
            "login": "anonymous",
        },
        """
        studies:suggestion_add
        """,
    ),
    (
        {"200": "*", "404": "stranger associate convenor conflicted_member chair", "login": "anonymous"},
        """
        studies:history studies:people studies:documents studies:document studies:ledger fellows:study panels:study
        """,
    ),
    (
        {"200": "*", "404": "stranger associate convenor", "login": "anonymous"},
        """
        panels:decision
        """,
    ),
    (
        {"200": "*", "login": "anonymous"},
        """
        dashboard fellows:index people:me people:me_edit people:my_data account_reauthenticate account_email
        account_change_password mfa_index mfa_list_webauthn usersessions_list
        """,
    ),
    (
        {"200": "*", "login": "anonymous", "on": "associate convenor"},
        """
        communities:mine
        """,
    ),
    (
        {"200": "*", "on": "anonymous"},
        """
        account_logout
        """,
    ),
    (
        {"200": "*"},
        """
        home theme_detail table_1 search help privacy accessibility studies:detail communities:index
        communities:join communities:join_sent communities:confirm communities:link communities:link_sent
        communities:erased communities:preferences communities:preferences_details
        communities:preferences_data communities:preferences_erase communities:unsubscribe communities:detail
        communities:items communities:calendar events:index events:past events:feed events:detail events:calendar_entry
        events_calendar events:register events:register_sent events:registration events:registration_change
        events:registration_data events:registration_cancel events:registration_erase events:feedback
        events:personal_calendar newsletters:index newsletters:feed
        newsletters:detail newsletters:picture account_inactive account_email_verification_sent account_reset_password
        account_confirm_email account_reset_password_from_key_done account_reset_password_from_key
        account_reset_password_done healthz readyz robots
        """,
    ),
    (
        {"200": "administrator", "403": "staff", "404": "*", "login": "anonymous"},
        """
        people:make_staff people:remove_staff people:erase
        """,
    ),
    (
        {"200": "anonymous", "on": "*"},
        """
        account_login account_signup account_request_login_code
        """,
    ),
    (
        {"200": "chair staff administrator", "403": "*", "404": "stranger associate convenor", "login": "anonymous"},
        """
        panels:condition_met
        """,
    ),
    (
        {"200": "chair staff administrator", "403": "*", "login": "anonymous"},
        """
        panels:open_cycle
        """,
    ),
    (
        {"200": "chair staff administrator", "403": "panel_member conflicted_member", "404": "*", "login": "anonymous"},
        """
        panels:choose_study
        """,
    ),
    (
        {"200": "chair staff administrator", "404": "*", "login": "anonymous"},
        """
        panels:cycle_detail panels:cycle_edit panels:add_reviewers panels:invite_peer panels:withdraw
        panels:cycle_close panels:cycle_reopen panels:cycle_history panels:cycle_release panels:cycle_export
        panels:record_decision
        """,
    ),
    (
        {"200": "convenor staff administrator", "403": "*", "login": "anonymous"},
        """
        communities:edit communities:move communities:members communities:remove_member newsletters:manage
        newsletters:new newsletters:audiences updates:index communities:item_new communities:item_edit
        communities:item_delete communities:history
        """,
    ),
    (
        {"200": "convenor staff administrator", "404": "*", "login": "anonymous"},
        """
        newsletters:edit newsletters:preview newsletters:preview_html newsletters:delete newsletters:details
        newsletters:add_block newsletters:edit_block newsletters:delete_block newsletters:audience
        updates:detail updates:section updates:section_html updates:send_back
        newsletters:history updates:history updates:section_history
        """,
    ),
    (
        {"200": "lead staff administrator", "403": "*", "login": "anonymous"},
        """
        report report_csv
        """,
    ),
    (
        {
            "200": "lead staff administrator",
            "403": "fellow team steering panel_member",
            "404": "*",
            "login": "anonymous",
        },
        """
        fellows:post_close fellows:second fellows:secondment_name fellows:secondment_end
        fellows:secondment_change fellows:secondment_take_back
        """,
    ),
    (
        {"200": "panel_member conflicted_member chair staff administrator", "403": "*", "login": "anonymous"},
        """
        panels:index reviews:index
        """,
    ),
    (
        {"200": "panel_member conflicted_member chair staff administrator", "404": "*", "login": "anonymous"},
        """
        panels:detail
        """,
    ),
    (
        {"200": "panel_member", "404": "*", "login": "anonymous"},
        """
        reviews:edit reviews:conflict reviews:decline reviews:longer
        """,
    ),
    (
        {"200": "staff administrator", "403": "*", "login": "anonymous"},
        """
        studies:manage studies:export studies:saved_views studies:new communities:manage
        communities:export_members updates:deadline updates:send
        events:history events:manage events:new events:edit events:announce events:cancel
        events:delete events:repeat events:registrations events:registration_add events:registrations_export
        events:registration_cancel_for events:attendance events:feedback_results people:index people:invite
        people:organisations people:organisation_new people:organisation_edit people:organisation_delete
        mailing:outbox mailing:message mailing:message_html mailing:mailing mailing:mailing_cancel
        mailing:mailing_send_again mailing:suppressions mailing:suppression_lift mailing:bounces
        """,
    ),
    (
        {"200": "staff administrator", "403": "convenor", "404": "*", "login": "anonymous"},
        """
        newsletters:send newsletters:schedule
        """,
    ),
    (
        {"on": "staff administrator", "403": "convenor", "404": "*", "login": "anonymous"},
        """
        newsletters:cancel
        """,
    ),
    (
        {"on": "staff administrator", "403": "*", "login": "anonymous"},
        """
        updates:cancel
        """,
    ),
    (
        {"on": "convenor staff administrator", "404": "*", "login": "anonymous"},
        """
        newsletters:report newsletters:audience_count
        """,
    ),
    (
        {"200": "team conflicted_member lead staff administrator", "403": "*", "login": "anonymous"},
        """
        studies:suggestions
        """,
    ),
    (
        {
            "200": "staff administrator",
            "403": "fellow team steering panel_member lead",
            "404": "*",
            "login": "anonymous",
        },
        """
        studies:archive
        """,
    ),
    (
        {"200": "staff administrator", "403": "*", "404": "convenor", "login": "anonymous"},
        """
        newsletters:audience_rename newsletters:audience_delete newsletters:audience_history
        """,
    ),
    (
        {"200": "staff administrator", "403": "panel_member conflicted_member chair", "404": "*", "login": "anonymous"},
        """
        panels:add_seat panels:change_seat panels:end_seat panels:questions panels:add_question
        panels:change_question panels:retire_question
        """,
    ),
    (
        {"200": "staff administrator", "404": "*", "login": "anonymous"},
        """
        people:detail people:deactivate people:reset_second_factor people:withdraw
        """,
    ),
    (
        {"200": "staff", "403": "*", "404": "administrator", "login": "anonymous"},
        """
        studies:saved_view_rename studies:saved_view_delete
        """,
    ),
    (
        {
            "200": "team lead staff administrator",
            "403": "fellow steering panel_member",
            "404": "*",
            "login": "anonymous",
        },
        """
        studies:edit studies:move studies:person_add studies:person_invite studies:person_end studies:site_add
        studies:site_remove studies:identifiers studies:document_add studies:suggestion_answer
        studies:amendment_add
        """,
    ),
    (
        {"403": "*", "404": "staff administrator", "login": "anonymous"},
        """
        mailing:message_file mailing:message_send_again
        """,
    ),
    (
        {"403": "*", "405": "staff administrator", "login": "anonymous"},
        """
        communities:open events:publish
        """,
    ),
    (
        {"404": "*", "login": "anonymous"},
        """
        mfa_deactivate_totp mfa_view_recovery_codes mfa_download_recovery_codes
        """,
    ),
    (
        {"404": "*", "login": "anonymous", "on": "panel_member"},
        """
        reviews:check reviews:done reviews:change
        """,
    ),
    (
        {"404": "*", "login": "anonymous"},
        """
        newsletters:progress newsletters:ask newsletters:send_back
        """,
    ),
    (
        {"404": "*"},
        """
        mailing:hook metrics
        """,
    ),
    (
        {"405": "*", "login": "anonymous"},
        """
        studies:saved_view_save studies:saved_view_default studies:unarchive studies:document_remove
        studies:document_put_back fellows:post_open fellows:secondment_undo_end communities:change_role
        newsletters:unschedule newsletters:pause newsletters:resume newsletters:extend
        newsletters:test newsletters:move_block newsletters:template newsletters:approve newsletters:links
        updates:decide updates:test updates:pause updates:resume
        panels:condition_unmet panels:move_question panels:remind reviews:undo_conflict reviews:undo_decline
        people:reactivate people:session_end
        people:resend mailing:mailing_pause mailing:mailing_resume
        """,
    ),
    (
        {"405": "*"},
        """
        communities:renew communities:resubscribe communities:preferences_calendar events:offer_accept reviews:autosave
        """,
    ),
    (
        {"410": "*"},
        """
        people:accept
        """,
    ),
    (
        {"login": "anonymous", "on": "*"},
        """
        people:close_account account_set_password mfa_reauthenticate mfa_activate_totp
        mfa_generate_recovery_codes mfa_add_webauthn mfa_reauthenticate_webauthn mfa_remove_webauthn
        mfa_edit_webauthn
        """,
    ),
    (
        {"on": "*"},
        """
        account_confirm_login_code mfa_authenticate mfa_login_webauthn newsletters:follow
        """,
    ),
]
