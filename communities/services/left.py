"""Who a newsletter was not sent to and why, and who left because of one."""

from __future__ import annotations

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Value, When
from django.db.models.functions import Lower

from communities.audiences import Choice, excluded, matching, reached_by
from communities.models import Associate, Consent, LeftOut, Membership, Newsletter, Purpose, Unsubscribe
from mailing.models import Suppression
from people.numbers import whole_number


def note_left_out(newsletter: Newsletter, choice: Choice) -> int:
    """Write down which members of its communities a newsletter is not sent to, and why, as it is now; returns how many.

    Members who leave are none of their members, so they are not in it. A second call adds whoever is new. One
    statement, however many there are.
    """
    consents = Consent.objects.standing().filter(associate=OuterRef("pk"), purpose=Purpose.NEWSLETTERS)
    suppressed = Suppression.objects.in_force().alias(address=Lower("email"))
    memberships = Membership.objects.current().filter(
        associate=OuterRef("pk"), community__in=reached_by(choice).order_by().values("pk")
    )
    cases = [
        (~Exists(consents), LeftOut.Reason.NO_CONSENT),
        (~Exists(memberships.filter(wants_newsletters=True)), LeftOut.Reason.NOT_HERE),
        (Exists(suppressed.filter(address=Lower(OuterRef("email")))), LeftOut.Reason.SUPPRESSED),
        *([(by_name, LeftOut.Reason.EXCLUDED)] if (by_name := excluded(choice)) else []),
        *([(~wanted, LeftOut.Reason.FILTERED)] if (wanted := matching(choice)) else []),
    ]
    reason = Case(*(When(when, then=Value(why.value)) for when, why in cases), default=Value(""))
    members = Associate.objects.filter(Exists(memberships)).annotate(reason=reason).exclude(reason="").order_by()
    people, params = members.values("pk", "reason").query.sql_with_params()
    sql = f"""
        INSERT INTO communities_leftout (newsletter_id, associate_id, reason)
        WITH people (associate_id, reason) AS ({people})
        SELECT CAST(%s AS bigint), associate_id, reason FROM people WHERE TRUE
        ON CONFLICT DO NOTHING
    """  # noqa: S608 - the query's own SQL, made by the ORM; every value is a parameter
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, newsletter.pk])
        return int(cursor.rowcount)


def note_unsubscribe(*, associate: Associate, issue: str) -> None:
    """Count that an associate stopped emails by the link in a newsletter, whose key is ``issue``.

    What is no key of a sent newsletter is passed over: the link may be old or changed. A second call changes nothing.
    """
    newsletter = sent_issue(issue)
    if newsletter:
        Unsubscribe.objects.get_or_create(newsletter=newsletter, associate=associate)


def sent_issue(issue: str) -> Newsletter | None:
    """The sent newsletter with this key, as a link says it; None where it is no such key."""
    key = whole_number(issue)
    return Newsletter.objects.sent().filter(pk=key).first() if key else None
