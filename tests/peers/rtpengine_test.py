"""Between sipp and parleyd stands an rtpengine, as it does at many trunks: plain RTP on both sides, and as the end
of SRTP that the caller cannot do. Skipped when tools/setup could not fetch rtpengine.
"""

import re
import socket
import sys
import threading

import peer
import sipp
from peer import check, silence, sound, speech

import rtpengine

MEDIA_PORT = 49200


class Proxy(threading.Thread):
    """What a SIP proxy with rtpengine does, for one call: puts its Via on top, and has the SDP of the offer and of the
    answer rewritten. From the caller to the engine and back; the engine sends no requests of its own."""

    def __init__(self, relay: rtpengine.Rtpengine, engine: str, flags: dict):
        super().__init__(daemon=True)
        self._relay, self._flags = relay, flags
        host, port = engine.split(":")
        self._engine = (host, int(port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._caller = None
        self._call = {}
        self.address = "127.0.0.1:%d" % self._socket.getsockname()[1]
        self.wrong = ""
        self.offer = ""  # as the engine gets it

    def run(self) -> None:
        while not self._over.is_set():
            try:
                data, source = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            try:
                self._pass_on(data.decode(), source)
            except (rtpengine.RtpengineError, KeyError) as error:
                self.wrong = repr(error)
                return

    def close(self) -> None:
        self._over.set()
        self.join(2)
        self._socket.close()

    def _pass_on(self, message: str, source) -> None:
        head, body = message.split("\r\n\r\n", 1)
        if source == self._engine:
            head = re.sub(r"\r\nVia:[^\r]*", "", head, count=1)
            if body:
                body = self._rewritten("answer", body, {"to-tag": re.search(r"\r\nTo:.*;tag=([^;\r]*)", head)[1]})
            return self._send(head, body, self._caller)
        self._caller = source
        head = re.sub(r"\r\n", f"\r\nVia: SIP/2.0/UDP {self.address};branch=z9hG4bKproxy{self._branch(head)}\r\n", head, count=1)
        if body:
            tag = re.search(r"\r\nFrom:.*;tag=([^;\r]*)", head)[1]
            self._call = {"call-id": re.search(r"\r\nCall-ID: *([^\r]*)", head)[1], "from-tag": tag, "ICE": "remove"}
            body = self.offer = self._rewritten("offer", body, self._flags)
        self._send(head, body, self._engine)

    @staticmethod
    def _branch(head: str) -> str:
        return re.search(r"branch=([^;\r]*)", head)[1]

    def _rewritten(self, command: str, sdp: str, more: dict) -> str:
        return self._relay.ask({**self._call, **more, "command": command, "sdp": sdp})["sdp"]

    def _send(self, head: str, body: str, to) -> None:
        head = re.sub(r"\r\nContent-Length: *\d+", f"\r\nContent-Length: {len(body.encode())}", head)
        self._socket.sendto(f"{head}\r\n\r\n{body}".encode(), to)


def call(folder, engine, relay, packets, name, flags):
    proxy = Proxy(relay, engine.sip, flags)
    ears = sipp.Ears(range(MEDIA_PORT, MEDIA_PORT + 20))
    proxy.start()
    ears.start()
    calls = len(engine.calls()) + 1
    code = sipp.run_sipp(folder, proxy.address, 1, 1, packets * 20 + 500, MEDIA_PORT)
    ears.close()
    proxy.close()
    check(not proxy.wrong, f"{name}: rtpengine took offer and answer {proxy.wrong}")
    check(code == 0, f"{name}: sipp's call went as its scenario says (exit code {code})")
    ended = engine.wait_ended(calls)[-1]
    check(ended["end_reason"] == "caller_hangup", f"{name}: the call ended: {ended['end_reason']}")
    told = {}
    for event in engine.events(ended["id"]):
        told.setdefault(event["kind"], []).append(event["body"])
    summary = told["media.summary"][-1]
    check(summary["received"] >= 0.99 * packets, f"{name}: {summary['received']} of {packets} packets came through")
    check(summary["foreign"] + summary["malformed"] + summary["undecryptable"] == 0, f"{name}: and nothing else")
    relayed = re.search(r"m=audio (\d+)", proxy.offer)[1]
    check(told["media.started"][0]["from"] == f"127.0.0.1:{relayed}", f"{name}: they came from rtpengine's port")
    check("transcript.final" in told, f"{name}: the engine heard speech")
    check(len(ears.packets) == 1, f"{name}: RTP came back to {sorted(ears.packets)}")
    port, heard = next(iter(ears.packets.items()))
    check(len(heard) > 0.9 * packets, f"{name}: {len(heard)} packets came back")
    check(ears.voiced_ms(port) > 3000, f"{name}: {ears.voiced_ms(port)} ms of them are voiced")
    return told["call.answered"][0]


def test(folder):
    packets = sound.write_pcap(folder / "speech.pcap", silence(5000) + speech("Alice Johnson") + silence(4000))
    with rtpengine.Rtpengine(folder / "rtpengine.log") as relay, peer.Engine(folder) as engine:
        answered = call(folder, engine, relay, packets, "plain", {})
        check(answered["srtp"] == "", "plain: no SRTP was agreed on")
        answered = call(folder, engine, relay, packets, "SRTP", {"transport-protocol": "RTP/SAVP", "DTLS": "off"})
        check(answered["srtp"] != "", f"SRTP: rtpengine and the engine agreed on {answered['srtp']}")


if not rtpengine.PROGRAM:
    print("skipped: tools/setup could not fetch rtpengine")
    sys.exit(77)
peer.run(test)
