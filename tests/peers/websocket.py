"""websocket: a client for tests (RFC 6455) in the standard library; it can also misbehave."""

import base64
import hashlib
import json
import os
import socket
import struct


class Refused(Exception):
    def __init__(self, status: int, body: str):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class WebSocket:
    """Opens ws://ADDRESS/PATH. recv() gives parsed JSON, or None when the other side has closed."""

    def __init__(self, address: str, path: str, headers: dict | None = None, timeout_s: float = 10):
        host, port = address.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=timeout_s)
        self._buffer = b""
        self.close_code: int | None = None
        self.close_reason = ""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        fields = {"Host": address, **(headers or {})}
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = self._until(b"\r\n\r\n").decode()
        status = int(head.split()[1])
        if status != 101:
            length = [line for line in head.lower().splitlines() if line.startswith("content-length:")]
            raise Refused(status, self._exactly(int(length[0].split(":")[1])).decode() if length else "")
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        assert accept.decode().lower() in head.lower(), "Sec-WebSocket-Accept is wrong"

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self._buffer += data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._more()
        out, self._buffer = self._buffer.split(mark, 1)
        return out

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        out, self._buffer = self._buffer[:count], self._buffer[count:]
        return out

    def frame(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += struct.pack("!BH", 0x80 | 126, size)
        else:
            head += struct.pack("!BQ", 0x80 | 127, size)
        masked = bytes(b ^ mask[i & 3] for i, b in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def send(self, message) -> None:
        self.frame(1, (message if isinstance(message, str) else json.dumps(message)).encode())

    def recv(self):
        while True:
            try:
                first, second = self._exactly(2)
                size = second & 0x7F
                if size == 126:
                    size = struct.unpack("!H", self._exactly(2))[0]
                elif size == 127:
                    size = struct.unpack("!Q", self._exactly(8))[0]
                payload = self._exactly(size)
            except ConnectionError:
                return None
            if first & 15 == 8:
                if len(payload) >= 2:
                    self.close_code, self.close_reason = struct.unpack("!H", payload[:2])[0], payload[2:].decode()
                return None
            if first & 15 == 9:
                self.frame(10, payload)
            elif first & 15 == 1:
                return json.loads(payload)

    def wait_closed(self):
        """Reads on until the other side closes; the code."""
        while self.recv() is not None:
            pass
        return self.close_code

    def break_off(self) -> None:
        """As a dead peer does it: no closing handshake, a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.shutdown(socket.SHUT_RD)  # a thread that is receiving would keep it open
        self._socket.close()
