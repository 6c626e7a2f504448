"""watch: follows the engine's WebSocket: every event of every call as it happens. RFC 6455, text only.

Python 3 standard library only.
"""

import base64
import json
import os
import socket
import struct


class Watch:
    def __init__(self, address: str, timeout_s: float = 10):
        host, port = address.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=timeout_s)
        self._data = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            (f"GET /api/v1/ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n"
             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._data:
            self._more()
        head, self._data = self._data.split(b"\r\n\r\n", 1)
        status = head.split(b"\r\n")[0].decode(errors="replace")
        if " 101 " not in status + " ":
            raise ConnectionError(f"the WebSocket was refused: {status}")
        self.send({"type": "subscribe", "id": 1})

    def send(self, message: dict) -> None:
        payload = json.dumps(message).encode()
        mask = os.urandom(4)
        size = len(payload)
        length = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
        self._socket.sendall(length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def _more(self) -> None:
        block = self._socket.recv(65536)
        if not block:
            raise ConnectionError("the engine closed the WebSocket")
        self._data += block

    def _take(self, count: int) -> bytes:
        while len(self._data) < count:
            self._more()
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def messages(self):
        """Yields each message; ends when the engine closes. TimeoutError: nothing for a while."""
        text = b""
        while True:
            try:
                first, second = self._take(2)
                size = second & 0x7F
                if size == 126:
                    size = struct.unpack("!H", self._take(2))[0]
                elif size == 127:
                    size = struct.unpack("!Q", self._take(8))[0]
                payload = self._take(size)
            except ConnectionError:
                return
            kind = first & 0x0F
            if kind == 8:
                return
            if kind == 9:  # ping
                mask = os.urandom(4)
                self._socket.sendall(struct.pack("!BB", 0x8A, 0x80 | size) + mask +
                                     bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))
                continue
            if kind in (0, 1):
                text += payload
                if first & 0x80:
                    yield json.loads(text)
                    text = b""

    def events(self):
        for message in self.messages():
            if message.get("type") == "event":
                yield message["event"]

    def close(self) -> None:
        self._socket.close()
