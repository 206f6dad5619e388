"""The live-reload server, asked over raw sockets: what anyone on the network or any page in a browser could send."""

from __future__ import annotations

import errno
import gc
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from assetbuild import live_server
from assetbuild.errors import AssetBuildError
from assetbuild.live import Live
from assetbuild.live_news import News
from tests.support.servers import free_port

PATIENCE = 10.0  # seconds until what should come counts as never
COMMON = {
    "cache-control": "no-store",
    "connection": "close",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
PHRASES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


@pytest.fixture(autouse=True)
def _nothing_goes_wrong_unheard(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The loop of a server only logs what its tasks did not expect."""
    yield
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.fixture
def live() -> Iterator[Live]:
    with Live(hosts=("127.0.0.1",), release="R1") as running:
        yield running


def connect(live: Live, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, live.port), timeout=PATIENCE)


def raw(live: Live, content: bytes) -> bytes:
    """All that comes in answer, until the server closes."""
    with connect(live) as connection:
        connection.sendall(content)
        return rest(connection)


def rest(connection: socket.socket) -> bytes:
    found, end = b"", time.monotonic() + PATIENCE  # comments would come for ever
    while more := connection.recv(65536):
        found += more
        assert time.monotonic() < end, found
    return found


def text(target: str, headers: Mapping[str, str | None] | None = None, method: str = "GET") -> bytes:
    """A request of HTTP/1.1; a header that is None is left out."""
    given = {"Host": "127.0.0.1:1", **(headers or {})}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def events(live: Live, release: str = "R1") -> str:
    return f"/events?token={live.token}&release={release}"


def parse(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split()[1]), {name.lower(): value for name, value in headers.items()}, body


def ask(
    live: Live, target: str | None = None, headers: Mapping[str, str | None] | None = None, method: str = "HEAD"
) -> int:
    """The status. HEAD asks for the same as GET, and has an end."""
    return parse(raw(live, text(events(live) if target is None else target, headers, method)))[0]


def check_refused(answer: bytes, status: int, method: str = "GET") -> None:
    """The whole answer is known, and holds nothing of the request."""
    phrase = PHRASES[status]
    body = f"{status} {phrase}\n".encode()
    more = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
    more |= {"allow": "GET, HEAD"} if status == 405 else {}
    assert parse(answer) == (status, {**COMMON, **more}, b"" if method == "HEAD" else body)
    assert answer.startswith(f"HTTP/1.1 {status} {phrase}\r\n".encode())


class Listener:
    """One that listens as a browser would, as a program."""

    def __init__(self, live: Live, release: str = "R1", headers: Mapping[str, str] | None = None) -> None:
        self.connection = connect(live)
        self.connection.sendall(text(events(live, release), headers))
        self._stream = self.connection.makefile("rb")
        self.head = b""
        while not self.head.endswith(b"\r\n\r\n"):
            line = self._stream.readline()
            assert line, self.head
            self.head += line
        self._content = b""

    def line(self) -> str | None:
        """The next event or comment, None at the end of the stream."""
        while b"\n\n" not in self._content:
            size = int(self._stream.readline() or b"-1", 16)
            if size <= 0:
                return None
            self._content += self._stream.read(size)
            assert self._stream.read(2) == b"\r\n"
        event, _, self._content = self._content.partition(b"\n\n")
        return event.decode("ascii")

    def next(self) -> Any:
        event = self.line()
        if event is None:
            return None
        assert event.startswith("data: ")
        return json.loads(event[6:])

    def close(self) -> None:
        self._stream.close()
        self.connection.close()


@contextmanager
def listening(live: Live, release: str = "R1", headers: Mapping[str, str] | None = None) -> Iterator[Listener]:
    """Its hello has been heard."""
    listener = Listener(live, release, headers)
    try:
        assert listener.next()["type"] == "hello"
        yield listener
    finally:
        listener.close()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def built(before: str, after: str, names: Mapping[str, str | None] | None = None) -> dict[str, Any]:
    names = {f"a.{before}.css": f"a.{after}.css"} if names is None else names
    return {"type": "built", "release": after, "names": names}


RELOAD = {"type": "reload", "reason": "the page is of another release"}
FAILED = {"type": "failed", "errors": [{"text": "a.css:1:2: no\u2028\n</script>\udc80", "line": 1}]}


# What pages hear


def test_a_page_hears_hello_and_then_all_that_is_built(live: Live) -> None:
    with listening(live) as page:
        status, headers, _ = parse(page.head)
        for message in (built("R1", "R2"), FAILED, {"type": "reload", "reason": "templates/home.html"}):
            live.send(message)
            assert page.next() == message
    assert status == 200
    assert headers == {
        **COMMON,
        "content-type": "text/event-stream; charset=utf-8",
        "transfer-encoding": "chunked",
        "vary": "Origin",
    }


def test_an_event_is_one_line_of_ascii_whatever_it_says(live: Live) -> None:
    with listening(live) as page:
        live.send(FAILED)
        assert page.line() == f"data: {json.dumps(FAILED, separators=(',', ':'))}"


def test_a_message_is_sent_as_it_was_when_it_was_given(live: Live) -> None:
    with listening(live) as page:
        for number in range(200):
            message = {"type": "failed", "errors": [{"text": str(number)}]}
            live.send(message)
            message["errors"][0]["text"] = "changed"  # type: ignore[index]
        assert [page.next()["errors"][0]["text"] for _ in range(200)] == [str(number) for number in range(200)]


def test_every_thread_can_send(live: Live) -> None:
    with listening(live) as page:
        threads = [threading.Thread(target=live.send, args=({"type": "reload", "reason": str(n)},)) for n in range(20)]
        for thread in threads:
            thread.start()
        assert sorted(int(page.next()["reason"]) for _ in range(20)) == list(range(20))
        for thread in threads:
            thread.join()


def test_who_asks_for_the_head_gets_no_events(live: Live) -> None:
    status, headers, body = parse(raw(live, text(events(live), method="HEAD")))
    assert (status, headers["content-type"], body) == (200, "text/event-stream; charset=utf-8", b"")


def test_a_client_of_http_1_0_is_served_to_the_end(live: Live) -> None:
    with connect(live) as connection:
        connection.sendall(f"GET {events(live)} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: len(live._server._clients) == 1)
        live.close()
        _, headers, body = parse(rest(connection))
    assert body == b'data: {"type":"hello","release":"R1"}\n\n'
    assert "transfer-encoding" not in headers


@pytest.mark.parametrize(
    ("release", "heard"),
    [
        ("R4", []),
        ("R3", [{"type": "built", "release": "R4", "names": {"b.3.css": "b.4.css"}, "since": "R3"}]),
        (
            "R1",
            [
                {
                    "type": "built",
                    "release": "R4",
                    "names": {"a.1.css": "a.3.css", "a.2.css": "a.3.css", "gone.js": None, "b.3.css": "b.4.css"},
                    "since": "R1",
                }
            ],
        ),
        ("R0", [{**RELOAD, "release": "R4", "since": "R0"}]),
        ("", [{**RELOAD, "release": "R4", "since": ""}]),
        ("%22%3E%0A", [{**RELOAD, "release": "R4", "since": '">\n'}]),
    ],
)
def test_a_page_that_comes_late_hears_in_one_message_what_it_missed(
    live: Live, release: str, heard: list[dict[str, Any]]
) -> None:
    live.send(built("R1", "R2", {"a.1.css": "a.2.css", "gone.js": None}))
    live.send(built("R2", "R3", {"a.2.css": "a.3.css"}))
    live.send(built("R3", "R4", {"b.3.css": "b.4.css"}))
    live.send(FAILED)
    with listening(live, release) as page:
        assert [page.next() for _ in heard] == heard
        assert page.next() == FAILED


def test_what_was_changed_back_is_no_change() -> None:
    news = News("A")
    for message in (built("A", "B"), built("B", "A"), built("A", "B"), built("B", "C")):
        news.hear(message)
    assert news.welcome("B") == (
        [{"type": "hello", "release": "C"}, {**built("B", "C"), "since": "B"}],
        "C",
    )
    # The nearest build of A is the one that counts.
    names = {"a.A.css": "a.C.css", "a.B.css": "a.C.css"}
    assert news.welcome("A")[0][1] == {**built("A", "C", names), "since": "A"}
    news.hear(built("C", "D", {"a.C.css": "a.B.css"}))
    assert news.welcome("B")[0][1] == {**built("B", "D", {"a.C.css": "a.B.css"}), "since": "B"}


def test_what_went_and_came_again_is_followed_from_there() -> None:
    news = News("A")
    for message in (built("A", "B", {"a.1.css": None}), built("B", "C", {}), built("C", "D", {"a.1.css": "a.2.css"})):
        news.hear(message)
    assert news.welcome("A")[0][1] == {**built("A", "D", {"a.1.css": "a.2.css"}), "since": "A"}


def test_fifty_builds_are_remembered() -> None:
    news = News("0")
    for number in range(51):
        news.hear(built(str(number), str(number + 1)))
    assert news.welcome("0")[0][1] == {**RELOAD, "release": "51", "since": "0"}
    assert len(news.welcome("1")[0][1]["names"]) == 50


def test_a_build_that_succeeds_ends_the_failure_also_where_nothing_changed(live: Live) -> None:
    live.send(FAILED)
    with listening(live) as page:
        assert page.next() == FAILED
        live.send(built("R1", "R1", {}))
        assert page.next() == built("R1", "R1", {})
        with listening(live) as other:
            live.send({"type": "reload", "reason": "x"})
            assert other.next()["type"] == "reload"


def test_pages_of_other_releases_hear_of_a_build_what_it_means_to_them(live: Live) -> None:
    with listening(live) as one, listening(live, "R2") as early, listening(live, "R0") as other:
        assert early.next() == {**RELOAD, "release": "R1", "since": "R2"}
        assert other.next() == {**RELOAD, "release": "R1", "since": "R0"}
        live.send(built("R1", "R2"))
        assert one.next() == built("R1", "R2")
        assert early.next() == built("R1", "R2", {})
        assert other.next() == {**RELOAD, "release": "R2", "since": "R0"}
        live.send(built("R2", "R3"))
        assert one.next() == early.next() == built("R2", "R3")
        assert other.next() == {**RELOAD, "release": "R3", "since": "R0"}


def test_before_the_first_build_nobody_is_told_to_reload() -> None:
    with Live(hosts=("127.0.0.1",)) as live, listening(live, "R1") as right, listening(live, "") as plain:
        live.send(built("", "R1", {}))
        assert right.next() == built("", "R1", {})
        assert plain.next() == {**RELOAD, "release": "R1", "since": ""}
        with listening(live, "") as late:
            assert late.next() == {**RELOAD, "release": "R1", "since": ""}


# 1. Where it listens


def test_it_listens_on_the_addresses_given_and_on_no_other(live: Live) -> None:
    assert live.hosts == ("127.0.0.1",)
    with socket.socket() as free:
        free.bind(("127.0.0.2", live.port))  # would be taken if all addresses were listened on
    with pytest.raises(ConnectionRefusedError):
        connect(live, "127.0.0.2")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="there is no IPv6 here")


def test_by_default_it_listens_on_loopback() -> None:
    with Live() as live:
        assert live.hosts == (("127.0.0.1", "::1") if _has_ipv6() else ("127.0.0.1",))
        for host in live.hosts:
            with connect(live, host) as connection:
                connection.sendall(text("/"))
                check_refused(rest(connection), 404)


@needs_ipv6
def test_a_name_means_all_its_addresses_and_brackets_may_stand() -> None:
    with Live(hosts=("[::1]", "127.0.0.1", "127.0.0.1")) as live:
        assert live.hosts == ("::1", "127.0.0.1")
        assert live._server._sockets[0].getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1


def test_a_port_that_is_taken_on_one_address_is_had_on_none() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.3", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssetBuildError) as caught:
            Live(hosts=("127.0.0.1", "127.0.0.3"), port=port)
    assert str(caught.value) == (
        f"cannot listen on port {port} of '127.0.0.3': address already in use\n  fix: choose another with --port"
    )
    with socket.socket() as again:  # the first address was given back
        again.bind(("127.0.0.1", port))


def test_another_port_is_tried_where_one_is_free_on_the_first_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[socket.socket] = []
    create = socket.create_server

    def overtaken(address: tuple[str, int], **more: Any) -> socket.socket:
        """Three times, another program takes the same port of the other address in between."""
        one = create(address, **more)
        if address[1] == 0 and len(taken) < 3:
            taken.append(create(("127.0.0.3", one.getsockname()[1])))
        return one

    monkeypatch.setattr(socket, "create_server", overtaken)
    with Live(hosts=("127.0.0.1", "127.0.0.3")) as live:
        assert live.hosts == ("127.0.0.1", "127.0.0.3")
        assert live.port not in [one.getsockname()[1] for one in taken]
        with connect(live, "127.0.0.3"):
            pass
    assert len(taken) == 3
    for one in taken:
        one.close()


def test_a_machine_without_ipv6_is_listened_on_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def without(address: tuple[str, int], **more: Any) -> socket.socket:
        if ":" in address[0]:
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return create(address, **more)

    monkeypatch.setattr(socket, "create_server", without)
    for hosts in (("127.0.0.1", "::1"), ("::1", "127.0.0.1")):
        with Live(hosts=hosts) as live:
            assert live.hosts == ("127.0.0.1",)
    for hosts in (("::1",), ("127.0.0.1", "fd00::1")):
        with pytest.raises(AssetBuildError, match=f"of '{hosts[-1]}': cannot assign requested address"):
            Live(hosts=hosts, port=free_port())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"port": 70000}, "'70000' is not a port\n  fix: choose another with --port"),
        (
            {"hosts": ["192.0.2.1"], "port": 8123},
            "cannot listen on port 8123 of '192.0.2.1': cannot assign requested address\n"
            "  fix: choose another with --host",
        ),
        ({"hosts": [""]}, "'' is not an address of this machine\n  fix: choose another with --host"),
        ({"hosts": ["a b"]}, "'a b' is not an address of this machine\n  fix: choose another with --host"),
        ({"origins": ["*"]}, "'*' is not an origin\n  fix: write it such as 'https://app.test:8443'"),
        ({"origins": ["null"]}, "'null' is not an origin\n  fix: write it such as 'https://app.test:8443'"),
        ({"origins": ["https://*.app.test"]}, None),
        ({"origins": ["https://app.test/path"]}, None),
        ({"origins": ["file:///x"]}, None),
        ({"origins": ["https://user@app.test"]}, None),
    ],
)
def test_what_cannot_be_had_is_an_error_with_a_fix(arguments: dict[str, Any], message: str | None) -> None:
    with pytest.raises(AssetBuildError) as caught:
        Live(**arguments)
    expected = (
        f"'{arguments.get('origins', [''])[0]}' is not an origin\n  fix: write it such as 'https://app.test:8443'"
    )
    assert str(caught.value) == (message or expected)


def test_a_port_that_is_taken_is_an_error_and_free_again_at_once_after_the_end() -> None:
    with Live(hosts=("127.0.0.1",)) as live, listening(live) as page:
        with pytest.raises(AssetBuildError) as caught:
            Live(hosts=("127.0.0.1",), port=live.port)
        assert str(caught.value) == (
            f"cannot listen on port {live.port} of '127.0.0.1': address already in use\n"
            "  fix: choose another with --port"
        )
        live.close()
        assert page.next() is None
        with Live(hosts=("127.0.0.1",), port=live.port) as again:
            assert again.port == live.port


# 2. Hosts

GOOD_HOSTS = [
    "localhost",
    "localhost:80",
    "LOCALHOST:65535",
    "localhost.",
    "app.localhost:1",
    "a.b.localhost",
    "127.0.0.1",
    "127.9.9.9:80",
    "[::1]",
    "[::1]:80",
    "[0:0:0:0:0:0:0:1]:80",
    "app.test",
    "app.test:8443",
]
BAD_HOSTS = [
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evillocalhost",
    "app.test.evil.example",
    "xapp.test",
    "http",
    "https",
    "192.168.0.1",
    "10.0.0.1:80",
    "0.0.0.0",
    "[::]",
    "[::2]:80",
    "[fe80::1%25lo]",
    "[::1",
    "::1",
    "[localhost]",
    "[127.0.0.1]x",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "localhost:",
    "localhost:x",
    "localhost:80:80",
    "localhost:\u00b2",
    "local\xadhost",
    "user@localhost",
    "localhost@evil.example",
    "localhost,evil.example",
    "evil.example localhost",
    "localhost/",
    "localhost\\evil.example",
    "localhost#",
    "*.localhost",
    ".",
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Live]:
    """One server for all that is refused; nothing it is sent changes it."""
    with Live(hosts=("127.0.0.1",), origins=("https://App.Test:443/", "http://[fd00::5]:3000"), release="R1") as live:
        yield live


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_loopback_and_configured_hosts_are_answered(shared: Live, host: str) -> None:
    assert ask(shared, headers={"Host": host}) == 200


@pytest.mark.parametrize("host", BAD_HOSTS)
@pytest.mark.parametrize(
    "more", [{}, {"Connection": "Upgrade", "Upgrade": "websocket"}, {"X-Forwarded-Host": "localhost"}]
)
def test_no_other_host_is(shared: Live, host: str, more: Mapping[str, str]) -> None:
    check_refused(raw(shared, text(events(shared), {"Host": host, **more})), 403)


@pytest.mark.parametrize("target", ["/", "/events", "/events?token=x", "/..", "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_the_host_is_looked_at_first_whatever_is_asked_for(shared: Live, target: str, method: str) -> None:
    check_refused(raw(shared, text(target, {"Host": "evil.example"}, method)), 403, method)


def test_the_address_listened_on_is_a_host() -> None:
    with Live(hosts=("0.0.0.0",), release="R1") as live:
        assert ask(live, headers={"Host": f"0.0.0.0:{live.port}"}) == 200
        assert ask(live, headers={"Host": "192.0.2.7"}) == 403


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("hosts", ["", "Host: localhost\r\nHost: localhost\r\n", "Host:\r\n", "Host : localhost\r\n"])
def test_a_request_has_exactly_one_host(shared: Live, version: str, hosts: str) -> None:
    check_refused(raw(shared, f"GET {events(shared)} HTTP/{version}\r\n{hosts}\r\n".encode()), 400)


# 3. Which pages

GOOD_PAGES: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
    {"Origin": "http://localhost:8000"},
    {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "empty"},
    {"Origin": "https://localhost"},
    {"Origin": "http://app.localhost:8000", "Sec-Fetch-Site": "same-site"},
    {"Origin": "http://127.0.0.1:5000", "Sec-Fetch-Site": "same-site"},
    {"Origin": "http://[::1]:5000", "Sec-Fetch-Site": "same-site"},
    {"Origin": "https://app.test", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"},
    {"Origin": "http://[fd00::5]:3000", "Sec-Fetch-Site": "cross-site"},
]
BAD_PAGES: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, none"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "x"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "script"},
    {"Origin": "https://app.test", "Sec-Fetch-Dest": "script"},
    *[{"Sec-Fetch-Dest": dest} for dest in ("document", "iframe", "image", "style", "worker", "object", "", "EMPTY")],
    {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site", "X-Forwarded-For": "127.0.0.1"},
    *[
        {"Origin": origin, **more}
        for more in ({}, {"Sec-Fetch-Site": "same-origin"}, {"X-Forwarded-Host": "evil.example"})
        for origin in (
            "https://evil.example",
            "http://evil.example:8000",
            "null",
            "",
            "*",
            "file://",
            "http://192.168.0.1",
            "http://10.0.0.1:8000",
            "http://0.0.0.0",
            "http://[::]",
            "http://[fd00::6]:3000",
            "http://[fd00::5]",
            "http://app.test",
            "https://app.test:444",
            "https://app.test.evil.example",
            "https://sub.app.test",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://evil.example#localhost",
            "http://evil.example/localhost",
            "http://evil.example\\@localhost",
            "http://localhost@evil.example",
            "http://evil.example@localhost",
            "http://localhost:8000/",
            "http://localhost:8000 http://evil.example",
            "http://localhost, http://evil.example",
            "chrome-extension://localhost",
            "moz-extension://127.0.0.1",
            "ftp://localhost",
            "HTTP://localhost",
            "localhost",
            "//localhost",
            "http:localhost",
            "http://127.1",
            "http://2130706433",
        )
    ],
]


@pytest.mark.parametrize("headers", GOOD_PAGES, ids=str)
def test_pages_on_loopback_and_configured_ones_may_listen_and_only_they_may_read(
    shared: Live, headers: dict[str, str]
) -> None:
    status, answered, _ = parse(raw(shared, text(events(shared), headers, "HEAD")))
    assert (status, answered["vary"]) == (200, "Origin")
    assert answered.get("access-control-allow-origin") == headers.get("Origin")
    assert "access-control-allow-credentials" not in answered


@pytest.mark.parametrize("headers", BAD_PAGES, ids=str)
def test_no_other_page_may(shared: Live, headers: dict[str, str]) -> None:
    check_refused(raw(shared, text(events(shared), headers)), 403)


@pytest.mark.parametrize("name", ["Origin", "Sec-Fetch-Site", "Sec-Fetch-Dest"])
def test_a_header_that_comes_twice_is_no_header(shared: Live, name: str) -> None:
    value = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}[name]
    request = f"GET {events(shared)} HTTP/1.1\r\nHost: localhost\r\n" + f"{name}: {value}\r\n" * 2 + "\r\n"
    check_refused(raw(shared, request.encode()), 400)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?token",
        "?token=",
        "?release=R1",
        "?token={wrong}",
        "?token={half}",
        "?token={token}x",
        "?token=x{token}",
        "?token=%20{token}",
        "?token={token}&token={token}",
        "?token={token}&token=x",
        "?token=x&token={token}",
        "?token[]={token}",
        "?Token={token}",
        "?token={upper}",
        "?token=%00",
        "?token=%ff%fe",
        "?token=%C3%A9",
        "?{token}",
        "?token=%25{token}",
        "??token={token}",
        "?a=1;token={token}",
    ],
)
def test_a_wrong_token_is_refused_and_nothing_says_who_could_read(shared: Live, query: str) -> None:
    token = shared.token
    wrong = ("A" if token[0] != "A" else "B") + token[1:]
    target = "/events" + query.format(token=token, wrong=wrong, half=token[:-1], upper=token.swapcase())
    for headers in ({}, {"Origin": "http://localhost:8000"}, {"Origin": "https://app.test"}):
        check_refused(raw(shared, text(target, headers)), 403)


def test_the_token_is_long_and_of_this_server_alone(live: Live, shared: Live) -> None:
    assert len(live.token) >= 43  # 256 bits
    assert live.token != shared.token
    assert ask(live, f"/events?token={shared.token}") == 403


def test_a_token_may_be_escaped_and_other_fields_are_nobodys(shared: Live) -> None:
    escaped = "".join(f"%{ord(char):02X}" for char in shared.token)
    assert ask(shared, f"/events?release=R1&token={escaped}&x=y") == 200
    assert ask(shared, f"/events?token={escaped}" + "&x=y" * 8) == 400


def test_a_request_to_become_a_websocket_is_not_heeded(shared: Live) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert ask(shared, headers={**upgrade, "Sec-WebSocket-Version": "13"}) == 200
    assert ask(shared, headers={**upgrade, "Origin": "https://evil.example"}) == 403
    assert ask(shared, "/", headers=upgrade) == 404


# 4, 5, 6 and 8. No file is served, in whatever form its path comes

FILES = [
    "/etc/passwd",
    "/assetbuild.toml",
    "/.env",
    "/.env.local",
    "/.git/config",
    "/.npmrc",
    "/server.key",
    "/.assetbuild/live.json",
    "/assetbuild/live.py",
    "/manifest.json",
    "/js/app.js.map",
]
FORMS = [
    "{0}",
    "{0}?raw",
    "{0}?raw??",
    "{0}?import&raw",
    "{0}?import&?inline=1.wasm?init",
    "{0}?url",
    "{0}?.svg?.wasm?init",
    "{0}?token={token}",
    "/events{0}",
    "/events{0}?token={token}",
    "/events/..{0}",
    "/events/../..{0}",
    "/events/%2e%2e{0}",
    "/events/%2e%2e%2f..{0}",
    "/events/..%2f{0}",
    "/events/..%252f..{0}",
    "/events/..%5c..{0}",
    "/events/..\\..{0}",
    "/events\\..{0}",
    "/events/.{0}",
    "/events;{0}",
    "/..{0}",
    "/../..{0}",
    "/.{0}",
    "/./{0}",
    "/{0}",
    "//{0}",
    "/%2f{0}",
    "/%2F%2F{0}",
    "/%2e%2e{0}",
    "/.%2e{0}",
    "/.-0000000.{0}",
    "/@fs{0}",
    "/@fs/{0}",
    "/@fs//{0}",
    "/@fs/x/..{0}",
    "/@fs{0}?import&raw",
    "/@fs{0}#/events",
    "/@id/__x00__{0}",
    "/@vite/client{0}",
    "/file:{0}",
    "/file:%2f%2f{0}",
    "file://{0}",
    "{0}%00",
    "{0}%00.css",
    "{0}\x00",
    "{0}/",
    "{0}//",
    "{0}/.",
    "{0}/..",
    "{0}.",
    "{0}%20",
    "{0}\\",
    "{0}%5c",
    "{0}::$DATA",
    "{0}::$INDEX_ALLOCATION",
    "{0}:x",
    "/PROGRA~1{0}",
    "/CON{0}",
    "/C:{0}",
    "/C:\\{0}",
    "\\\\evil.example\\share{0}",
    "//evil.example/share{0}",
    "{0}#/events?token={token}",
    "/events?token={token}#{0}",
    "/events#?token={token}",
    "/events?token={token}#",
    "/#{0}",
    "{0}%ff",
    "{0}\xff",
    "{0}%c0%ae%c0%ae",
    "{0}\t",
    "{0}\x7f",
    "{0}%",
    "{0}%zz",
    "http://localhost{0}",
    "http://localhost/events?token={token}",
    "http://localhost:1/events?token={token}",
    "http://evil.example/events?token={token}",
    "HTTP://localhost{0}",
    "localhost:1",
    "localhost:80/events?token={token}",
    "*",
    "?token={token}",
    "events?token={token}",
    "/?token={token}",
    "/Events?token={token}",
    "/EVENTS?token={token}",
    "/events/?token={token}",
    "//events?token={token}",
    "///events?token={token}",
    "/./events?token={token}",
    "/x/../events?token={token}",
    "/%65vents?token={token}",
    "/events%3ftoken={token}",
    "/events%00?token={token}",
    "/events.?token={token}",
    "/events;x?token={token}",
    "/events&token={token}",
    "/events\xa0?token={token}",
    "/__parcel_launch_editor?file={0}",
    "/__open-in-editor?file={0}",
    "/__inspect{0}",
    "/json/version",
]


@pytest.mark.parametrize("form", FORMS)
def test_no_path_but_one_is_answered_whatever_its_form(shared: Live, form: str) -> None:
    for file in FILES if "{0}" in form else [""]:
        target = form.format(file, token=shared.token)
        answer = raw(shared, text(target))
        check_refused(answer, 404 if parse(answer)[0] == 404 else 400)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 404),
        ("/js/app.js.map", 404),
        ("/event", 404),
        ("/eventsx", 404),
        ("/js/app..js", 404),
        ("/../x", 400),
        ("/x/./y", 400),
        ("/x//y", 400),
        ("/x/", 400),
        ("/.env", 400),
        ("/%2e", 400),
        ("/a%41", 400),
        ("/a\\b", 400),
        ("/a:b", 400),
        ("/a#b", 400),
        ("//", 400),
        ("*", 400),
        ("http://localhost/", 400),
    ],
)
def test_what_is_not_a_plain_path_is_a_bad_request(shared: Live, target: str, status: int) -> None:
    check_refused(raw(shared, text(target)), status)


def test_answering_opens_no_file(shared: Live) -> None:
    """What the interpreter tells its auditors while every form is asked for."""
    opened: list[str] = []
    watching = True

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event in (
            "open",
            "os.listdir",
            "os.scandir",
            "subprocess.Popen",
            "os.system",
            "exec",
            "import",
        ):
            opened.append(f"{event} {arguments[0]!r}")

    assert ask(shared, "/") == 404  # what is imported late has been
    assert ask(shared) == 200
    requests = [text(form.format(FILES[0], token=shared.token)) for form in FORMS]
    sys.addaudithook(audit)
    try:
        for request in requests:
            raw(shared, request)
        ask(shared)
    finally:
        watching = False
    assert opened == []


# 7. Methods, and what answers say


@pytest.mark.parametrize(
    "method",
    ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "GETX", "X"],
)
def test_only_get_and_head_are_answered(shared: Live, method: str) -> None:
    """An OPTIONS request is what asks whether another page may send more."""
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"}
    for headers in ({}, {"Origin": "http://localhost:8000", **preflight}, {"X-HTTP-Method-Override": "GET"}):
        check_refused(raw(shared, text(events(shared), headers, method)), 405)
    check_refused(raw(shared, text("/", {"X-HTTP-Method-Override": "GET"}, method)), 405)


def test_a_refusal_of_the_head_is_the_head_of_a_refusal(live: Live) -> None:
    check_refused(raw(live, text("/", method="HEAD")), 404, "HEAD")
    until(lambda: not live._server._tasks)
    gc.collect()  # then whatever went wrong in a task is logged


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "1"},
        {"Content-Length": "100000000000"},
        {"Content-Length": "-1"},
        {"Content-Length": "+1"},
        {"Content-Length": "1, 2"},
        {"Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "identity"},
        {"Transfer-Encoding": "chunked", "Content-Length": "1"},
    ],
)
def test_a_body_is_refused_and_not_waited_for(shared: Live, headers: dict[str, str]) -> None:
    status, _, body = parse(raw(shared, text(events(shared), headers)))
    assert (status, body.partition(b" ")[0]) in ((400, b"400"), (501, b"501"))


@pytest.mark.parametrize(
    "content",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET /  HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nx y: z\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nx\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nx: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil\rlocalhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00\x01\xff\xfe\r\n\r\n",
        b"GET \xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_bad_request(shared: Live, content: bytes) -> None:
    check_refused(raw(shared, content), 400)


def test_answers_repeat_nothing_that_was_said(shared: Live) -> None:
    said = "<script>alert(1)</script>"
    for target in (f"/{said}", f"/events?token={said}", f"/x?{said}"):
        answer = raw(shared, text(target, {"User-Agent": said, "Referer": said, "X-Y": said}))
        assert b"script" not in answer
        assert b"server:" not in answer.lower()


def test_a_connection_is_for_one_request(shared: Live) -> None:
    """A second request after the first is no way around anything."""
    answer = raw(shared, text("/", {"Connection": "keep-alive"}) + text(events(shared)))
    check_refused(answer, 404)


# 9. Limits


def test_so_many_may_listen_and_the_oldest_stay(live: Live) -> None:
    pages = [Listener(live) for _ in range(live_server.CLIENTS)]
    try:
        check_refused(raw(live, text(events(live))), 503)
        assert ask(live, "/") == 404  # who has no token learns nothing of it
        live.send(built("R1", "R2"))
        assert [(page.next()["type"], page.next()) for page in pages] == [("hello", built("R1", "R2"))] * len(pages)
        pages.pop().close()
        until(lambda: len(live._server._clients) < live_server.CLIENTS)
        with listening(live, "R2"):
            pass
    finally:
        for page in pages:
            page.close()


def test_connections_that_ask_for_nothing_are_limited_too(live: Live) -> None:
    silent = [connect(live) for _ in range(2 * live_server.CLIENTS)]
    try:
        until(lambda: len(live._server._tasks) == len(silent))
        with connect(live) as one_more:
            assert _closed(one_more)
    finally:
        for connection in silent:
            connection.close()
    until(lambda: not live._server._tasks)
    assert ask(live) == 200


def _closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "content",
    [
        b"GET /" + b"x" * live_server.HEADER_BYTES,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * live_server.HEADER_BYTES,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * (live_server.HEADER_BYTES // 6),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2 * live_server.HEADER_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 32 * live_server.HEADER_BYTES + b"\r\n\r\n",
    ],
)
def test_a_request_has_sixteen_kilobytes(live: Live, content: bytes) -> None:
    check_refused(raw(live, content), 431)


def test_what_just_fits_is_answered(live: Live) -> None:
    request = text("/", {"X": ""})
    check_refused(raw(live, text("/", {"X": "x" * (live_server.HEADER_BYTES - len(request))})), 404)


def test_a_request_has_to_come_in_time(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live_server.REQUEST_TIME == 5
    monkeypatch.setattr(live_server, "REQUEST_TIME", 0.2)
    check_refused(raw(live, b"GET / HTTP/1.1\r\nHost: local"), 408)
    check_refused(raw(live, b""), 408)


def test_who_goes_before_the_request_is_whole_leaves_nothing(live: Live) -> None:
    for content in (b"", b"GET", text(events(live))[:-2]):
        with connect(live) as connection:
            connection.sendall(content)
    until(lambda: not live._server._tasks)


def test_a_slow_reader_is_dropped_and_nobody_else_waits_for_it(live: Live) -> None:
    with socket.socket() as slow, listening(live) as page:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(PATIENCE)
        slow.connect(("127.0.0.1", live.port))
        slow.sendall(text(events(live)))
        until(lambda: len(live._server._clients) == 2)
        message = {"type": "failed", "errors": [{"text": "x" * 500_000}]}
        for _ in range(40):
            live.send(message)
            assert page.next() == message
        until(lambda: len(live._server._clients) == 1)


def test_a_message_larger_than_all_limits_comes_whole(live: Live) -> None:
    message = {"type": "failed", "errors": [{"text": "x" * 4 * live_server.UNREAD_BYTES}]}
    with listening(live) as page:
        live.send(message)
        assert page.next() == message


def test_who_listens_has_nothing_to_say(live: Live) -> None:
    with listening(live) as page:
        page.connection.sendall(b"x" * 4 * live_server.HEADER_BYTES)
        until(lambda: not live._server._clients)


def test_a_peer_that_vanished_is_found_out_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert live_server.HEARTBEAT == 15
    monkeypatch.setattr(live_server, "HEARTBEAT", 0.05)
    with Live(hosts=("127.0.0.1",), release="R1") as live, listening(live) as page:
        assert [page.line(), page.line()] == [":", ":"]


def test_a_page_that_goes_is_forgotten(live: Live) -> None:
    for _ in range(5):
        with listening(live):
            pass
    until(lambda: not live._server._clients and not live._server._tasks)


# The end


def test_the_end_ends_every_stream_and_the_thread(live: Live) -> None:
    with listening(live) as page, connect(live) as silent:
        until(lambda: len(live._server._tasks) == 2)
        live.close()
        assert page.next() is None
        assert _closed(silent)
    assert not live._thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        connect(live)
    live.send(FAILED)
    live.send({"type": object()})
    live.close()


def test_a_peer_that_never_closes_does_not_delay_the_end(live: Live) -> None:
    with listening(live) as page:
        live.close()
        assert not live._thread.is_alive()
        assert page.next() is None


def test_nothing_is_left_behind() -> None:
    def descriptors() -> set[str]:
        return {os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if _is_open(one)}

    def _is_open(one: str) -> bool:
        return os.path.islink(f"/proc/self/fd/{one}")

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("the system does not list descriptors")
    gc.collect()
    before, threads = descriptors(), threading.active_count()
    for _ in range(5):
        with Live(release="R1") as live, listening(live) as page:
            live.send(built("R1", "R2"))
            page.next()
            ask(live, "/..")
    gc.collect()
    assert {one for one in descriptors() - before if "socket" in one or "event" in one} == set()
    assert threading.active_count() == threads


def test_it_can_be_sent_to_while_it_ends() -> None:
    """From other threads, without an error and without waiting."""
    for _ in range(10):
        live = Live(hosts=("127.0.0.1",))
        done = threading.Event()

        def send(live: Live = live, done: threading.Event = done) -> None:
            for _ in range(300):
                live.send(FAILED)
            done.set()

        thread = threading.Thread(target=send)
        thread.start()
        live.close()
        thread.join()
        assert done.is_set()


def test_peers_that_are_cut_off_or_have_just_come_at_the_end_are_no_error() -> None:
    for _ in range(5):
        with Live(hosts=("127.0.0.1",)) as live:
            pages = [Listener(live) for _ in range(8)]
            until(lambda live=live: len(live._server._clients) == 8)  # type: ignore[misc]
            for page in pages:
                page.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                page.close()
            late = [connect(live) for _ in range(8)]
            live.close()
        assert not live._thread.is_alive()
        assert all(_closed(connection) for connection in late)
        for connection in late:
            connection.close()
