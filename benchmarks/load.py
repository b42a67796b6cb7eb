"""Ask a server for one page over and over, on a few connections that stay open, and count the answers."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A page of a server on this machine, and the cookie of whoever asks for it."""

    port: int
    path: str
    cookie: str = ""

    def headers(self) -> dict[str, str]:
        """What a request carries."""
        return {"Cookie": self.cookie} if self.cookie else {}

    def fetch(self) -> tuple[int, str]:
        """Ask once; the status and the page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", self.path, headers=self.headers())
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def requests_per_second(target: Target, *, seconds: float, connections: int = 4) -> float:
    """Complete answers a second over about ``seconds``; raises RuntimeError on any answer but 200."""
    counts = [0] * connections
    wrong: list[int] = []
    started = time.perf_counter()

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        while time.perf_counter() - started < seconds and not wrong:
            connection.request("GET", target.path, headers=target.headers())
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                wrong.append(answer.status)
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"{target.path} answered {wrong[0]}")
    return sum(counts) / (time.perf_counter() - started)
