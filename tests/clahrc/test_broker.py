"""The broker out of the box, with several processes on one folder."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection, Exchange, Queue
from kombu.transport.virtual import BrokerState

from clahrc.broker import Transport

QUEUE = Queue("urgent", Exchange("urgent"), routing_key="urgent")


@pytest.fixture
def connect(tmp_path):
    """``connect()`` is one process's connection to the same broker as the others'."""
    folders = {"data_folder_in": "messages", "data_folder_out": "messages", "processed_folder": "processed"}
    folders["control_folder"] = "control"
    for folder in set(folders.values()):
        (tmp_path / folder).mkdir()
    options = {option: str(tmp_path / folder) for option, folder in folders.items()}
    made = []

    def make() -> Connection:
        # Each process has its own record of what it has declared already. To clear one that threads share would take it
        # from under the others.
        process = type("Process", (Transport,), {"global_state": BrokerState()})
        made.append(Connection("filesystem://localhost//", transport=process, transport_options=options))
        return made[-1]

    yield make
    for connection in made:
        connection.release()


def send(connection: Connection, *bodies: str) -> None:
    with connection.Producer() as producer:
        for body in bodies:
            producer.publish(body, exchange=QUEUE.exchange, routing_key="urgent", declare=[QUEUE], serializer="json")


def take_all(connection: Connection) -> list[str]:
    queue, found = QUEUE(connection.channel()), []
    while (message := queue.get(no_ack=True)) is not None:
        found.append(message.payload)
    return found


def messages(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "messages").iterdir())


def test_messages_when_sent_then_taken_in_order_and_nothing_is_left(connect, tmp_path):
    send(connect(), "one")
    send(connect(), "two", "three")
    assert sorted(take_all(connect())) == ["one", "three", "two"]
    assert list(tmp_path.rglob("*.msg")) == []


@pytest.mark.parametrize("half", ["", '{"body": "W10='])
def test_message_when_never_written_to_its_end_then_passed_over(connect, tmp_path, caplog, half):
    send(connect(), "whole")
    (tmp_path / "messages/0_a.urgent.msg").write_text(half)
    assert take_all(connect()) == ["whole"]
    assert "0_a.urgent.msg" in caplog.text
    assert messages(tmp_path) == []


def test_message_when_being_written_then_not_there_yet(connect, tmp_path, monkeypatch):
    reader, seen = connect(), []
    send(reader)
    whole = Path.write_text

    def slowly(file: Path, text: str, *args) -> int:
        file.touch()
        seen.append(take_all(reader))
        return whole(file, text, *args)

    monkeypatch.setattr(Path, "write_text", slowly)
    send(connect(), "one")
    assert seen
    assert set(map(tuple, seen)) == {()}
    assert take_all(reader) == ["one"]


def test_listeners_when_their_table_is_broken_then_written_anew(connect, tmp_path):
    (tmp_path / "control/urgent.exchange").write_text("")
    send(connect(), "one")
    assert take_all(connect()) == ["one"]


def test_listeners_when_many_come_and_go_at_once_then_all_are_kept_and_readers_see_no_half(connect):
    """Each binds a queue of its own to one exchange, as workers do for what is asked of all of them."""
    shared = Exchange("all", type="fanout")
    gate, faults = threading.Barrier(8), []

    def work(number: int) -> None:
        try:
            channel = connect().channel()
            gate.wait()
            for turn in range(10):
                queue = Queue(f"q{number}-{turn}", shared)(channel)
                queue.declare()
                channel.get_table("all")
                if turn % 2:
                    queue.delete()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    rows = connect().channel().get_table("all")
    assert {row.queue for row in rows} == {f"q{number}-{turn}" for number in range(8) for turn in range(0, 10, 2)}


def test_messages_when_several_send_and_take_at_once_then_each_is_taken_once(connect):
    send(connect())
    found: list[str] = []
    faults: list[BaseException] = []
    gate, sent = threading.Barrier(6), threading.Event()

    def guarded(work) -> None:
        try:
            gate.wait()
            work()
        except BaseException as error:
            faults.append(error)

    def take() -> None:
        reader = connect()
        while True:
            is_last = sent.is_set()
            found.extend(take_all(reader))
            if is_last:
                return

    senders = [
        threading.Thread(target=guarded, args=[lambda n=n: send(connect(), *(f"{n}-{i}" for i in range(40)))])
        for n in range(3)
    ]
    takers = [threading.Thread(target=guarded, args=[take]) for _ in range(3)]
    for thread in [*senders, *takers]:
        thread.start()
    for thread in senders:
        thread.join()
    sent.set()
    for thread in takers:
        thread.join()
    assert faults == []
    assert sorted(found) == sorted(f"{n}-{i}" for n in range(3) for i in range(40))


def test_queue_when_empty_then_says_so(connect):
    with pytest.raises(Empty):
        connect().channel()._get("urgent")
