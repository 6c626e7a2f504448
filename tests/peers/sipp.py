"""sipp: runs Debian's sipp with our scenario, and hears the RTP that comes back to it."""

import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path

from peer import free_port, sound

SCENARIO = Path(__file__).with_name("uac.xml")
DECODERS = {0: sound.from_mu_law, 8: sound.from_a_law}


class Ears(threading.Thread):
    """The G.711 that arrives on loopback at a range of UDP ports, as a raw socket sees it.

    sipp plays a capture through a raw socket and reads nothing on its media port, so what comes back
    is heard beside it. Needs root, as sipp's play_pcap_audio does.
    """

    def __init__(self, to_ports: range, payload_type: int = 0):
        super().__init__(daemon=True)
        self._ports = to_ports
        self._type = payload_type
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self.packets: dict[int, list[bytes]] = {}  # by the port they came to

    def run(self) -> None:
        while not self._over.is_set():
            try:
                data, address = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            if address[2] == socket.PACKET_OUTGOING or len(data) < 42 or data[23] != socket.IPPROTO_UDP:
                continue
            udp = 14 + 4 * (data[14] & 0x0F)
            port = struct.unpack_from("!H", data, udp + 2)[0]
            rtp = data[udp + 8:]
            if port in self._ports and len(rtp) > 12 and rtp[0] >> 6 == 2 and rtp[1] & 0x7F == self._type:
                self.packets.setdefault(port, []).append(rtp[12:])

    def close(self) -> None:
        self._over.set()
        self.join(2)
        self._socket.close()

    def voiced_ms(self, port: int) -> int:
        decode = DECODERS[self._type]
        samples = [decode(code) for payload in self.packets.get(port, []) for code in payload]
        return sound.voiced_ms(samples)


def run_sipp(folder: Path, target: str, calls: int, rate: int, last_ms: int, media_port: int) -> int:
    """sipp's exit code: 0 when every call went as the scenario says. speech.pcap lies in `folder`."""
    shutil.copy(SCENARIO, folder / "uac.xml")
    return run_scenario(folder, target, last_ms, media_port,
                        ["-sf", "uac.xml", "-m", str(calls), "-l", str(calls), "-r", str(rate), "-d", str(last_ms)])


def run_scenario(folder: Path, target: str, last_ms: int, media_port: int, scenario: list[str]) -> int:
    with (folder / "sipp.log").open("w") as log:
        done = subprocess.run(
            ["sipp", target, *scenario, "-s", "reception", "-i", "127.0.0.1", "-p", str(free_port()),
             "-mi", "127.0.0.1", "-mp", str(media_port),
             "-timeout", f"{last_ms // 1000 + 60}s", "-timeout_error", "-nostdin", "-trace_err"],
            cwd=folder, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=last_ms / 1000 + 90)
    return done.returncode
