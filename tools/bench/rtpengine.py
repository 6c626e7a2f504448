"""rtpengine as a relay of RTP on loopback, in user space: started, given calls by its ng protocol
(bencoded dictionaries over UDP), ended."""
import os
import shutil
import socket
import subprocess
import time

PROGRAM = shutil.which("rtpengine", path=os.environ.get("PATH", "") + ":/usr/sbin")
FIRST_PORT, LAST_PORT = 40000, 59999


def bencode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"
    return f"{len(value.encode())}:{value}".encode()


def bdecode(data, at=0):
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


def sdp(port):
    return ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n")


def port_of(text):
    return int(text.split("m=audio ", 1)[1].split()[0])


class Rtpengine:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.address = free.getsockname()
        self.process = subprocess.Popen(
            [PROGRAM, "--config-file=none", "--foreground", "--table=-1", "--interface=127.0.0.1",
             f"--listen-ng=127.0.0.1:{self.address[1]}", f"--port-min={FIRST_PORT}", f"--port-max={LAST_PORT}",
             "--log-stderr", "--log-level=3"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        self._wait_ready()

    def _wait_ready(self):
        for _ in range(50):
            try:
                if self.ask({"command": "ping"})["result"] == "pong":
                    return
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError("rtpengine does not answer")

    def ask(self, command):
        cookie = os.urandom(6).hex().encode()
        self.socket.sendto(cookie + b" " + bencode(command), self.address)
        while True:
            answer = self.socket.recv(65536)
            if answer.startswith(cookie):
                return bdecode(answer, len(cookie) + 1)[0]

    def relay(self, number, caller, callee):
        """Joins two ports; where caller and callee are to send to."""
        call = {"call-id": f"bench-{number}", "from-tag": "caller", "ICE": "remove"}
        to_callee = self.ask({**call, "command": "offer", "sdp": sdp(caller)})
        to_caller = self.ask({**call, "command": "answer", "to-tag": "callee", "sdp": sdp(callee)})
        return port_of(to_caller["sdp"]), port_of(to_callee["sdp"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.socket.close()
