"""Sockets that listen -> streams of events, one thread and one loop for all of them.

A connection is one request and one answer; no answer repeats anything of its request. What a peer may cost is bounded:
connections, streams, bytes and seconds of a request, and bytes that wait because it does not read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from socket import socket
from typing import TYPE_CHECKING, Any

from assetbuild.live_gate import METHODS, Asked, Gate
from assetbuild.live_news import Message, News

if TYPE_CHECKING:
    import h11

CLIENTS = 64  # streams; a browser has six for all its pages of one host
HEADER_BYTES = 16 * 1024
REQUEST_TIME = 5.0  # seconds for a whole request to come
HEARTBEAT = 15.0  # seconds between comments, by which a peer that vanished is found out
UNREAD_BYTES = 1024 * 1024  # that may wait, beside what the system holds; who reads as slowly as that comes again
FAREWELL, FAREWELL_BYTES = 0.5, 1024 * 1024  # for a peer to go on, until it sees its answer and closes
_LISTENING = "text/event-stream; charset=utf-8"
_HEADERS = [
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
]


class Server:
    """`run` is for a thread of its own and ends after `stop` was set; both and `publish` are for its loop."""

    def __init__(self, sockets: Sequence[socket], gate: Gate, news: News) -> None:
        self.loop = asyncio.new_event_loop()
        self.stop = asyncio.Event()
        self._sockets, self._gate, self._news = sockets, gate, news
        self._clients: set[_Exchange] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self) -> None:
        try:
            self.loop.run_until_complete(self._run())
        finally:
            self.loop.close()

    async def _run(self) -> None:
        servers = [await asyncio.start_server(self._connected, sock=one, limit=HEADER_BYTES) for one in self._sockets]
        while not await self._stopped_within(HEARTBEAT):
            for client in self._clients:
                client.send(b":\n\n")
        # From 3.12 on, a connection that is accepted while its server closes would be lost, and stay open.
        for one in self._sockets:
            with suppress(NotImplementedError):  # Windows
                self.loop.remove_reader(one)
        await asyncio.sleep(0)
        for server in servers:
            server.close()
        while self._clients:
            self._clients.pop().end()
        deadline = self.loop.time() + FAREWELL
        # As often as there are any: a connection may just have been accepted.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            left = deadline - self.loop.time()
            if left <= 0:
                for task in others:
                    task.cancel()
            await asyncio.wait(others, timeout=max(left, FAREWELL / 10))
        await asyncio.sleep(0)  # for sockets that have just been given up

    async def _stopped_within(self, seconds: float) -> bool:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
        return self.stop.is_set()

    def publish(self, message: Message) -> None:
        """Tell all who listen, and remember it for those who come."""
        event = _event(message)
        for client in self._clients:
            told, client.release = self._news.told(message, client.release)
            client.send(event if told is message else _event(told))
        self._news.hear(message)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            if len(self._tasks) <= 2 * CLIENTS:
                await self._converse(_Exchange(reader, writer))
        except (OSError, asyncio.CancelledError):  # the peer has gone, or we go
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _converse(self, exchange: _Exchange) -> None:
        asked: Asked | int
        try:
            request = await asyncio.wait_for(exchange.receive(), REQUEST_TIME)
        except asyncio.TimeoutError:
            request = 408
        if isinstance(request, int):
            asked = request
        else:
            target, method = request.target.decode("latin-1"), request.method.decode("latin-1")
            asked = self._gate.check(method, target, list(request.headers))
        if isinstance(asked, Asked) and len(self._clients) >= CLIENTS:
            asked = 503
        if isinstance(asked, int):
            exchange.refuse(asked)
        else:
            await self._stream(exchange, asked)
        await exchange.finish()

    async def _stream(self, exchange: _Exchange, asked: Asked) -> None:
        """Until the peer goes, or we end the stream."""
        allowed = [("Vary", "Origin")]
        allowed += [("Access-Control-Allow-Origin", asked.origin)] if asked.origin else []
        exchange.start(200, [("Content-Type", _LISTENING), *allowed])
        if exchange.wants_no_body:
            exchange.end()
            return
        messages, exchange.release = self._news.welcome(asked.release)
        exchange.send(b"".join(map(_event, messages)))
        self._clients.add(exchange)
        try:
            await exchange.hear_out(HEADER_BYTES)
        finally:
            self._clients.discard(exchange)


def _event(message: Message) -> bytes:
    """JSON has no line of its own to end the event with: all that is not ASCII is escaped."""
    return f"data: {json.dumps(message, separators=(',', ':'))}\n\n".encode()


class _Exchange:
    """One request and its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import h11

        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_BYTES)
        self._reader, self._writer = reader, writer
        self.wants_no_body = False
        self.release = ""

    async def receive(self) -> h11.Request | int:
        """The request, or the status with which to refuse what is none. Raises ConnectionError where nothing comes."""
        import h11

        try:
            while (event := self._h11.next_event()) is h11.NEED_DATA:
                # h11 looks how much there is each time it has to ask for more.
                self._h11.receive_data(await self._reader.read(1024))
        except h11.RemoteProtocolError as error:
            return error.error_status_hint
        if not isinstance(event, h11.Request):
            raise ConnectionError
        self.wants_no_body = event.method == b"HEAD"
        return event

    def refuse(self, status: int) -> None:
        text = f"{status} {HTTPStatus(status).phrase}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
        self.start(status, headers + ([("Allow", ", ".join(METHODS))] if status == 405 else []))
        if not self.wants_no_body:
            self.send(text)
        self.end()

    def start(self, status: int, headers: list[tuple[str, str]]) -> None:
        import h11

        answer = h11.Response(status_code=status, headers=[*_HEADERS, *headers], reason=HTTPStatus(status).phrase)
        self._write(answer)

    def send(self, content: bytes) -> None:
        """Never waits. A peer that does not read what it was sent is dropped."""
        import h11

        if self._writer.transport.get_write_buffer_size() > UNREAD_BYTES:
            self._writer.transport.abort()
        else:
            self._write(h11.Data(data=content))

    def end(self) -> None:
        import h11

        self._write(h11.EndOfMessage())
        if self._writer.can_write_eof() and not self._writer.is_closing():
            with suppress(OSError):  # the peer has gone, and we have not heard of it yet
                self._writer.write_eof()

    def _write(self, event: Any) -> None:
        content = self._h11.send(event)
        if content and not self._writer.is_closing():
            self._writer.write(content)

    async def hear_out(self, size: int) -> None:
        """Until the peer closes, or has said so much: whoever goes on talking is not listening."""
        while size > 0 and (content := await self._reader.read(4096)):
            size -= len(content)

    async def finish(self) -> None:
        """Let the peer close: what it sent and nobody read would make the system cut off an answer under way."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.hear_out(FAREWELL_BYTES), FAREWELL)
