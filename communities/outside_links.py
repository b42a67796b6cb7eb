"""Whether the web pages that a newsletter leads to are there. Asks them, and so reaches outside; staff press a button.

Whoever writes a newsletter chooses the address, so that this must not become a way to look into the network that the
portal runs in (OWASP, server-side request forgery): only ports 80 and 443, and only addresses of the public internet.
A name is looked up once and its address checked, at every redirect too, before anything is connected to; so neither the
answer nor the time it takes tells what listens inside.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

_SECONDS = 5.0
_AT_ONCE = 10
#: More than these are not asked: a newsletter with so many needs an editor, not a robot.
MOST = 40
_HIDDEN = {401, 403, 405, 406, 429, 503}
_GONE = {404, 410}


@dataclass(frozen=True)
class Answer:
    """What an address answered. ``state``: fine, dead, or unsure where only a person can tell."""

    address: str
    state: str
    words: str


class _NotOutsideError(OSError):
    """The address leads into the portal's own network."""


#: Whence all public addresses of IPv6 are given out (RFC 4291). Python counts as public what lies elsewhere too: old
#: private networks (fec0::/10), and stand-ins for IPv4 such as ::10.0.0.1 and 64:ff9b:1::/48 (RFC 8215).
_PUBLIC = ipaddress.ip_network("2000::/3")
#: Within it, those that stand for an address of IPv4, which a router on the way would turn back (RFC 3056, RFC 4380).
_STAND_INS = [ipaddress.ip_network(each) for each in ("2002::/16", "2001::/32")]


def _is_outside(ip: str, port: int) -> bool:
    address = ipaddress.ip_address(ip)
    if address.is_multicast or any(address in network for network in _STAND_INS):
        return False
    if address.version == 6 and address not in _PUBLIC:
        return False
    return port in (80, 443) and address.is_global


def _connect(address: tuple[str, int], timeout: float, source_address: Any = None) -> socket.socket:
    """A connection to the public internet; raises ``_NotOutsideError``, having asked nobody, for any other place."""
    host, port = address
    found = {str(sockaddr[0]) for *_, sockaddr in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    outside = [ip for ip in sorted(found) if _is_outside(ip, port)]
    if not outside or len(outside) < len(found):  # a name that leads to both is a trick
        raise _NotOutsideError("not a public address")
    for ip in outside[:-1]:
        with suppress(OSError):
            return socket.create_connection((ip, port), timeout, source_address)
    return socket.create_connection((outside[-1], port), timeout, source_address)


class _Connection(http.client.HTTPConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = _connect


class _SecureConnection(http.client.HTTPSConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = _connect


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req)


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def ask_all(addresses: Iterable[str]) -> list[Answer]:
    """What each web address answers, in order, each once; the first 40. Takes at most some 40 seconds, mostly 1."""
    unique = list(dict.fromkeys(addresses))[:MOST]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_ask, unique))


def _ask(address: str) -> Answer:
    try:
        status = _status(address, "HEAD")
        if status in {400, 403, 404, 405, 501}:  # some servers know no HEAD, and say so in many ways
            status = _status(address, "GET")
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, _NotOutsideError):
            return Answer(address, "unsure", "This is not on the public internet, so we did not ask. Readers cannot.")
        return Answer(address, "dead", "No answer. Check it for a slip.")
    if status in _GONE:
        return Answer(address, "dead", "There is no such page.")
    if status in _HIDDEN:
        return Answer(address, "unsure", "The page does not answer to us. Open it yourself.")
    if status >= 400:
        return Answer(address, "dead", f"The page answers with an error ({status}).")
    return Answer(address, "fine", "There.")


def _status(address: str, method: str) -> int:
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Handler(), _SecureHandler(), _Redirects(), urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):  # fmt: skip
        opener.add_handler(handler)
    request = urllib.request.Request(address, method=method, headers={"User-Agent": "Mozilla/5.0 (link check)"})  # noqa: S310
    try:
        answer = opener.open(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    if answer is None:  # by a way that we do not go, such as ftp
        raise ValueError(f"no web address: {address}")
    with answer:
        return int(answer.status)
