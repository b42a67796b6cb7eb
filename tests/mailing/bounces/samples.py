"""Messages as they come back, in the shapes that mail servers give them, in words of our own."""

from __future__ import annotations

from email.message import Message

HEAD = """From: Mail system <MAILER-DAEMON@mx.example.net>
To: {to}
Subject: Your message could not be delivered
Date: Mon, 23 Nov 2026 09:12:01 +0000
Message-ID: <{id}@mx.example.net>
MIME-Version: 1.0
"""


ORIGINAL = "Return-Path: <portal@example.org>\nSubject: News\nMessage-ID: <x.1@example.org>\n"
NOBODY = "550 5.1.1 <ann@example.org>: no such person here"


def postfix(
    to: str,
    *,
    status: str = "5.1.1",
    said: str = NOBODY,
    action: str = "failed",
    id: str = "p1",
    original: str = ORIGINAL,
) -> bytes:
    """Three parts: words, fields, and the head of what was sent."""
    head = HEAD.format(to=to, id=id)
    return f"""Return-Path: <>
Delivered-To: {to}
Received: from mx.example.net (mx.example.net [192.0.2.7]) by mail.example.org; Mon, 23 Nov 2026 09:12:02 +0000
{head}Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2B1.1763888321/mx.example.net"

This is a MIME-encapsulated message.

--4F2B1.1763888321/mx.example.net
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

The server at mx.example.net could not hand your message over.

--4F2B1.1763888321/mx.example.net
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4F2B1
X-Postfix-Sender: rfc822; portal@example.org
Arrival-Date: Mon, 23 Nov 2026 09:12:00 +0000 (GMT)

Final-Recipient: rfc822; ann@example.org
Original-Recipient: rfc822;ann@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; {said}

--4F2B1.1763888321/mx.example.net
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{original}
--4F2B1.1763888321/mx.example.net--
""".encode()


def exim(to: str, *, said="550 Unrouteable address", id="e1") -> bytes:
    """No useful Status; the whole message comes back."""
    head = HEAD.format(to=to, id=id)
    return f"""Return-path: <>
Envelope-to: {to}
{head}X-Failed-Recipients: ann@example.org
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=1763888321-eximdsn-774

--1763888321-eximdsn-774
Content-type: text/plain; charset=us-ascii

Made by the mail software itself: one address failed for good.

--1763888321-eximdsn-774
Content-type: message/delivery-status

Reporting-MTA: dns; exim.example.net

Action: failed
Final-Recipient: rfc822;ann@example.org
Status: 5.0.0
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; {said}

--1763888321-eximdsn-774
Content-type: message/rfc822

Return-path: <{to}>
From: portal@example.org
To: ann@example.org
Subject: News

Hello

--1763888321-eximdsn-774--
""".encode()


def exchange(to: str, *, status="5.1.10", said="550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by address",
             id="x1") -> bytes:  # fmt: skip
    """HTML first, fields with their own names, the original last; lines end in CRLF."""
    head = HEAD.format(to=to, id=id)
    text = f"""{head}Content-Type: multipart/report; report-type=delivery-status;
\tboundary="f0a1-outer"
X-MS-Exchange-Organization-AuthAs: Internal

--f0a1-outer
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="f0a1-inner"

--f0a1-inner
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to ann@example.org couldn't be delivered.=20

--f0a1-inner
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<html><body><p>Not delivered</p></body></html>

--f0a1-inner--

--f0a1-outer
Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.example.net
Received-From-MTA: dns;mail.example.org
Arrival-Date: Mon, 23 Nov 2026 09:12:00 +0000

Final-Recipient: rfc822;ann@example.org
Action: failed
Status: {status}
Diagnostic-Code: smtp;{said}
X-Display-Name: Ann

--f0a1-outer
Content-Type: message/rfc822

From: portal@example.org
To: ann@example.org
Subject: News

Hello

--f0a1-outer--
"""
    return text.replace("\n", "\r\n").encode()


def complaint(verp: str, *, to="abuse@example.org", kind="abuse", id="c1") -> bytes:
    """RFC 5965: somebody pressed "this is spam"; the return address is in its fields."""
    head = HEAD.format(to=to, id=id)
    return f"""{head}Content-Type: multipart/report; report-type=feedback-report; boundary="arf"

--arf
Content-Type: text/plain; charset="US-ASCII"

A message from 192.0.2.1 was reported by one of our users.

--arf
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: ExampleLoop/1.0
Version: 1
Original-Mail-From: <{verp}>
Arrival-Date: Mon, 23 Nov 2026 09:12:00 +0000

--arf
Content-Type: message/rfc822

Return-Path: <{verp}>
From: portal@example.org
Subject: News

Hello
--arf--
""".encode()


def out_of_office(to: str, **headers: str) -> bytes:
    message = Message()
    message["From"] = "ann@example.org"
    message["To"] = to
    message["Subject"] = "I am away until Monday"
    for name, value in (headers or {"Auto-Submitted": "auto-replied"}).items():
        message[name.replace("_", "-")] = value
    message.set_payload("Back soon. 550 5.1.1 is not what this says.\n")
    return message.as_bytes()


def receipt(to: str) -> bytes:
    """That somebody has opened a message (RFC 8098), which nobody asked for."""
    return f"""From: ann@example.org
To: {to}
Subject: Read: News
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="rr"

--rr

The message was displayed.

--rr
Content-Type: message/disposition-notification

Final-Recipient: rfc822; ann@example.org
Disposition: manual-action/MDN-sent-manually; displayed

--rr--
""".encode()
