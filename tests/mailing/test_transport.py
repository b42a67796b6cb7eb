import time

import pytest

from mailing.transport import Next, Outcome, SmtpAddress, SmtpTransport, UnreachableError

MESSAGE = b"Subject: x\r\n\r\nHello\r\n..dot\r\n"


@pytest.fixture
def transport(server):
    made = SmtpTransport(SmtpAddress("127.0.0.1", server.port), timeout=60)
    yield made
    made.close()


def send(transport, recipient="ann@example.org", following=None):
    after = Next("portal@example.org", following, lambda: None) if following else None
    return transport.send(sender="portal@example.org", recipient=recipient, message=MESSAGE, following=after)


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"]])
def test_one_conversation_takes_many_messages(transport, server, extensions):
    server.extensions = extensions
    assert [send(transport).outcome for _ in range(3)] == [Outcome.SENT] * 3
    assert server.conversations == 1
    assert server.messages == [MESSAGE + b".\r\n"] * 3


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"]])
@pytest.mark.parametrize(("script", "outcome", "is_of_recipient"), [
    ({"RCPT": "450 4.2.1 later"}, Outcome.DEFERRED, True),
    ({"RCPT": "421 going down"}, Outcome.DEFERRED, False),
    ({"RCPT": "550 5.1.1 nobody"}, Outcome.FAILED, True),
    ({"MAIL": "550 5.7.1 not you"}, Outcome.DEFERRED, False),
    ({"MESSAGE": "552 5.3.4 too big"}, Outcome.FAILED, False),
    ({"MESSAGE": "452 4.3.1 full"}, Outcome.DEFERRED, True),
    ({"MESSAGE": "550 5.2.1 closed"}, Outcome.FAILED, True),
    ({"DATA": "421 going down"}, Outcome.DEFERRED, False),
])  # fmt: skip
def test_a_refusal_is_told_in_the_servers_words_and_the_next_message_goes(
    transport, server, extensions, script, outcome, is_of_recipient
):
    server.extensions, server.script = extensions, script
    answer = send(transport)
    assert (answer.outcome, answer.is_of_recipient) == (outcome, is_of_recipient)
    assert answer.text.startswith(next(iter(script.values())))
    server.script = {}
    assert send(transport).outcome is Outcome.SENT


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"]])
def test_the_next_message_is_announced_along_with_the_one_before_where_the_server_pipelines(
    transport, server, extensions
):
    server.extensions = extensions
    assert send(transport, following="bob@example.org").outcome is Outcome.SENT
    assert send(transport, "bob@example.org", following="cat@example.org").outcome is Outcome.SENT
    deadline = time.monotonic() + 60
    while server.commands.count("DATA") < (3 if extensions else 2):
        assert time.monotonic() < deadline, server.commands
        time.sleep(0.01)
    # Cat's never comes: the server has nothing of it, and takes no goodbye for a message.
    transport.close()
    assert (len(server.messages), server.conversations) == (2, 1)
    assert server.commands.count("RCPT TO:<bob@example.org>") == 1


def test_another_than_the_announced_message_goes_in_a_new_conversation(transport, server):
    server.extensions = ["PIPELINING"]
    send(transport, following="bob@example.org")
    assert send(transport, "zoe@example.org").outcome is Outcome.SENT
    assert (len(server.messages), server.conversations) == (2, 2)
    assert [line for line in server.commands if "zoe" in line] == ["RCPT TO:<zoe@example.org>"]


def test_what_was_announced_too_long_ago_is_announced_again(transport, server):
    server.extensions = ["PIPELINING"]
    send(transport, following="bob@example.org")
    transport._ahead_since -= 60
    assert send(transport, "bob@example.org").outcome is Outcome.SENT
    assert (len(server.messages), server.conversations) == (2, 2)


@pytest.mark.parametrize(("script", "outcomes", "conversations"), [
    ({"RCPT TO:<bob@": "550 5.1.1 nobody"}, [Outcome.SENT, Outcome.FAILED, Outcome.SENT], 1),
    ({"RCPT TO:<bob@": "421 going down"}, [Outcome.SENT, Outcome.DEFERRED, Outcome.SENT], 2),
    # It breaks off on hearing of the second: the first was answered, and the second is offered once more.
    ({"RCPT TO:<bob@": "hang up"}, [Outcome.SENT, Outcome.DEFERRED, Outcome.SENT], 3),
    ({"MESSAGE": "452 4.3.1 full"}, [Outcome.DEFERRED] * 3, 1),
    ({"MESSAGE": "hang up"}, [Outcome.UNKNOWN] * 3, 3),
])  # fmt: skip
def test_what_befalls_an_announced_message_befalls_it_alone(transport, server, script, outcomes, conversations):
    server.extensions, server.script = ["PIPELINING"], script
    names = [f"{name}@example.org" for name in ("ann", "bob", "cat")]
    assert [send(transport, *pair).outcome for pair in zip(names, [*names[1:], None], strict=True)] == outcomes
    assert server.conversations == conversations


def test_only_a_message_handed_over_whole_can_be_unknown(transport, server):
    server.script = {"MESSAGE": "hang up"}
    assert send(transport).outcome is Outcome.UNKNOWN
    server.script = {"RCPT": "hang up"}
    assert send(transport).outcome is Outcome.DEFERRED
    server.script = {}
    assert send(transport).outcome is Outcome.SENT


def test_a_conversation_that_the_server_left_is_begun_again(transport, server):
    assert send(transport).outcome is Outcome.SENT
    transport._smtp.sock.shutdown(2)
    assert send(transport).outcome is Outcome.SENT
    assert server.conversations == 2


def test_nobody_listening_is_unreachable():
    with pytest.raises(UnreachableError):
        SmtpTransport(SmtpAddress("127.0.0.1", 9), timeout=0.3).open()


@pytest.mark.parametrize(("url", "expected"), [
    ("smtp://mail.example.org", SmtpAddress("mail.example.org", 25)),
    ("smtp+tls://us%40er:p%3Aw@mail.example.org", SmtpAddress("mail.example.org", 587, "us@er", "p:w", "starttls")),
    ("smtps://u:p@mail.example.org:4650", SmtpAddress("mail.example.org", 4650, "u", "p", "tls")),
])  # fmt: skip
def test_the_address_is_read_from_its_url(url, expected):
    assert SmtpAddress.from_url(url) == expected
