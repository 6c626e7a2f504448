"""rtpengine: one of one's own on loopback, relaying RTP in user space: its start, calls by its ng protocol
(bencoded dictionaries over UDP), its end. Python 3 standard library only.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path

UNPACKED = Path(__file__).resolve().parents[1] / "rtpengine/usr/bin"  # by tools/setup
PROGRAM = shutil.which("rtpengine") or shutil.which("rtpengine", path=UNPACKED)
FIRST_PORT, LAST_PORT = 40000, 59999


class RtpengineError(Exception):
    """A sentence that says why rtpengine could not be used."""


def bencode(value) -> bytes:
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(bencode(item) for item in value) + b"e"
    return f"{len(value.encode())}:{value}".encode()


def bdecode(data: bytes, at: int = 0):
    """A value and where it ends."""
    kind = data[at:at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if kind in (b"d", b"l"):
        items, at = [], at + 1
        while data[at:at + 1] != b"e":
            item, at = bdecode(data, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if kind == b"d" else items), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end].decode(errors="replace"), end


class Rtpengine:
    def __init__(self, log: Path | None = None):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self._address = free.getsockname()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with open(log or os.devnull, "w") as err:
            self._process = subprocess.Popen(
                [PROGRAM, "--config-file=none", "--foreground", "--table=-1", "--interface=127.0.0.1",
                 f"--listen-ng=127.0.0.1:{self._address[1]}", f"--port-min={FIRST_PORT}", f"--port-max={LAST_PORT}",
                 "--log-stderr", "--log-level=5"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        self.pid = self._process.pid
        try:
            self.ask({"command": "ping"})
        except RtpengineError:
            self.stop()
            raise

    def ask(self, command: dict, seconds: float = 10) -> dict:
        """Its answer. A question that gets none is asked again: by its cookie rtpengine knows it."""
        cookie = os.urandom(6).hex().encode()
        self._socket.settimeout(0.1)
        for _ in range(int(seconds * 10)):
            self._socket.sendto(cookie + b" " + bencode(command), self._address)
            try:
                answer = self._socket.recv(65536)
                while not answer.startswith(cookie):
                    answer = self._socket.recv(65536)
            except OSError:
                continue
            told = bdecode(answer, len(cookie) + 1)[0]
            if told["result"] not in ("ok", "pong"):
                raise RtpengineError(f"rtpengine refused {command['command']}: {told.get('error-reason', told['result'])}")
            return told
        raise RtpengineError(f"rtpengine does not answer {command['command']} (exit code {self._process.poll()})")

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
