"""A mail server within this process, and messages to send."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from django.db.models import F

from mailing import services
from mailing.models import Mailing
from people.models import User
from tests.conftest import make_user
from tests.mailing.headers import UNSUBSCRIBE


@pytest.fixture(autouse=True)
def _door(settings):
    settings.EMAIL_BACKEND = "mailing.backend.EmailBackend"


@pytest.fixture
def people(db):
    for name in ("ann", "bob", "cat"):
        make_user(name)
    return User.objects.filter(full_name__in=["Ann", "Bob", "Cat"]).values(
        "email", name=F("full_name"), subject_id=F("pk")
    )


@pytest.fixture
def newsletter(people):
    def make(**fields) -> Mailing:
        values = {
            "topic": "newsletter", "list_key": "newsletter:1", "subject": "News", "text": "Dear {{name}}\n",
            "headers": UNSUBSCRIBE,
        }  # fmt: skip
        return services.queue_bulk(**{**values, "audience": people, **fields})

    return make


class Server:
    """Answers each command by ``script`` (a line begins with its key: the answer), else politely."""

    def __init__(self) -> None:
        self.script: dict[str, str] = {}
        self.extensions: list[str] = []
        self.messages: list[bytes] = []
        self.commands: list[str] = []
        self.conversations = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.conversations += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError), connection, connection.makefile("rwb") as wire:
            self.say(wire, "220 ready")
            for line in wire:
                command = line.decode().strip()
                self.commands.append(command)
                answer = next((text for start, text in self.script.items() if command.startswith(start)), "250 ok")
                if answer == "hang up":
                    return
                if command.upper().startswith("EHLO"):
                    answer = "\r\n".join(["250-server", *(f"250-{name}" for name in self.extensions), "250 8BITMIME"])
                if command == "DATA" and answer == "250 ok":
                    self.say(wire, "354 go on")
                    data = b""
                    while data != b".\r\n" and not data.endswith(b"\r\n.\r\n"):
                        if not (line := wire.readline()):
                            return
                        data += line
                    answer = self.script.get("MESSAGE", "250 kept") if len(data) > 3 else "554 no recipient"
                    if answer == "hang up":
                        return
                    if len(data) > 3:
                        self.messages.append(data)
                self.say(wire, answer)
                if command.upper() == "QUIT":
                    return

    @staticmethod
    def say(wire, text: str) -> None:
        wire.write(text.encode() + b"\r\n")
        wire.flush()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.listener.close()


@pytest.fixture
def smtp(server, settings):
    """The portal sends to ``server``."""
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
    return server
