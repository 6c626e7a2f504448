"""Providers' media streams over a real WebSocket into a real parleyd: a client that does what Twilio's
and Telnyx's documents say, then everything it should not."""

import base64
import hashlib
import hmac
import json
import os
import threading
import time

import peer
from peer import check, sound
from websocket import Refused, WebSocket

AUTH_TOKEN, SHARED_TOKEN = "0123456789abcdef", "a-shared-token"
SILENCE = bytes([0xFF]) * 160
LINE = """
parleyingress name=ingress payload-map=${PAYLOADS_IN} timeout-ms=${TIMEOUT_MS} ! parleyvad
  ! parleystt provider=scripted script="hello there|and tomorrow" delay-ms=20
  ! parleyturn name=turn llm=scripted greet=false script="Yes I hear you very well today.|Tomorrow is fine." delay-ms=20
  ! parleytts provider=scripted ! parleyegress name=egress payload-map=${PAYLOADS_OUT} ptime=${PTIME}
"""


class Provider:
    """A provider's end of a stream: sends 20 ms frames at their pace, plays what it gets, echoes marks."""

    def __init__(self, engine, vendor: str, path: str | None = None, headers: dict | None = None, start: bool = True):
        self.vendor = vendor
        self.ws = WebSocket(engine.control, path or f"/media/{vendor}", headers)
        self.sequence = self.chunk = self.played_ms = self.marks = self.clears = 0
        self.buffer: list[tuple[str, object]] = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        if not start:
            return
        if vendor == "twilio":
            self.ws.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
            self.say("start", {"streamSid": "MZ1", "accountSid": "AC1", "callSid": "CA1", "tracks": ["inbound"],
                               "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                               "customParameters": {"from": "+15550100"}})
        else:
            self.ws.send({"event": "connected", "version": "1.0.0"})
            self.say("start", {"user_id": "u", "call_control_id": "v3:1", "call_session_id": "s", "from": "+15550100",
                               "to": "+15550199", "client_state": "aGk=", "tags": [],
                               "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}})
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, event: str, body: dict) -> None:
        self.sequence += 1
        names = ("streamSid", "sequenceNumber") if self.vendor == "twilio" else ("stream_id", "sequence_number")
        self.ws.send({"event": event, names[0]: "MZ1", names[1]: str(self.sequence), event: body})

    def media(self, payload: bytes) -> None:
        self.chunk += 1
        self.say("media", {"track": "inbound", "chunk": str(self.chunk), "timestamp": str(5 + 20 * (self.chunk - 1)),
                           "payload": base64.b64encode(payload).decode()})

    def _listen(self) -> None:
        while (message := self.ws.recv()) is not None:
            with self.lock:
                if message["event"] == "media":
                    self.buffer.append(("audio", base64.b64decode(message["media"]["payload"], validate=True)))
                elif message["event"] == "mark":
                    self.buffer.append(("mark", message["mark"]["name"]))
                elif message["event"] == "clear":
                    self.clears += 1
                    marks = [what for kind, what in self.buffer if kind == "mark"]
                    self.buffer.clear()
                    for name in marks:
                        self.say("mark", {"name": name})
        self.over.set()

    def _play(self) -> None:
        """20 ms of the buffer."""
        with self.lock:
            if self.buffer and self.buffer[0][0] == "audio":
                self.played_ms += len(self.buffer.pop(0)[1]) // 8
            while self.buffer and self.buffer[0][0] == "mark":
                self.marks += 1
                self.say("mark", {"name": self.buffer.pop(0)[1]})

    def talk(self, frames) -> bool:
        """Sends frames at their pace; False: the other side closed meanwhile."""
        due = time.monotonic()
        for payload in frames:
            self.media(payload)
            self._play()
            due += 0.02
            if self.over.wait(max(0.0, due - time.monotonic())):
                return False
        return True

    def stop(self) -> None:
        self.say("stop", {"accountSid": "AC1", "callSid": "CA1"})


def frames_of(samples):
    codes = bytes(sound.mu_law(s) for s in samples)
    return [codes[at:at + 160] for at in range(0, len(codes) - 159, 160)]


def signature(url: str) -> str:
    return base64.b64encode(hmac.new(AUTH_TOKEN.encode(), url.encode(), hashlib.sha1).digest()).decode()


def refused(engine, path: str, headers: dict | None = None) -> int:
    try:
        WebSocket(engine.control, path, headers)
    except Refused as no:
        check("detail" in json.loads(no.body), f"the refusal says why: {no}")
        return no.status
    return 101


def conversations(engine, question):
    url = f"wss://{engine.control}/media/twilio"
    for vendor, path, headers in (
            ("twilio", "/media/twilio", {"X-Twilio-Signature": signature(url)}),
            ("telnyx", "/media/telnyx/reception", {"Authorization": f"Bearer {SHARED_TOKEN}"})):
        before = len(engine.calls())
        phone = Provider(engine, vendor, path, headers)
        check(phone.talk([SILENCE] * 25 + question + [SILENCE] * 200), f"{vendor}: the stream lives while the caller talks")
        phone.say("dtmf", {"digit": "5"})
        check(phone.talk([SILENCE] * 10), f"{vendor}: and after a key")
        phone.stop()
        check(phone.over.wait(5) and phone.ws.close_code == 1000, f"{vendor}: stop closes it with {phone.ws.close_code}")
        call = engine.wait_ended(before + 1)[-1]
        kinds = {}
        for event in engine.events(call["id"]):
            kinds.setdefault(event["kind"], []).append(event["body"])
        created = kinds["call.created"][0]
        check(created["transport"] == vendor and created["from"] == "+15550100", f"{vendor}: call.created says who it is")
        check(call["end_reason"] == "caller_hangup", f"{vendor}: the end is {call['end_reason']}")
        check(len(kinds.get("transcript.final", [])) >= 1, f"{vendor}: the speech was heard")
        check(len(kinds.get("agent.said", [])) >= 1, f"{vendor}: the agent's answer was heard to its end, by the marks")
        check(phone.played_ms > 1000 and phone.marks >= 4, f"{vendor}: {phone.played_ms} ms were played, {phone.marks} marks echoed")
        check([k["digit"] for k in kinds["dtmf.received"]] == ["5"], f"{vendor}: one key, once")
        summary = kinds["media.summary"][0]
        check(summary["lost"] == 0 and summary["malformed"] == 0, f"{vendor}: nothing was lost: {summary}")


def strangers(engine):
    check(refused(engine, "/media/twilio") == 403, "Twilio without a signature is refused")
    check(refused(engine, "/media/twilio", {"X-Twilio-Signature": signature("wss://elsewhere/media/twilio")}) == 403,
          "with another URL's, too")
    check(refused(engine, "/media/telnyx") == 403, "Telnyx without a token is refused")
    check(refused(engine, "/media/telnyx?token=wrong") == 403, "with a wrong one, too")
    check(refused(engine, f"/media/telnyx?token={SHARED_TOKEN}&agent=nobody") == 404, "an agent nobody knows is not found")
    check(refused(engine, f"/media/other?token={SHARED_TOKEN}") in (400, 404), "other providers are not known")


def last_end(engine, before):
    call = engine.wait_ended(before + 1)[-1]
    return [e["body"] for e in engine.events(call["id"]) if e["kind"] == "call.ended"][0]


def faults(engine):
    path = f"/media/telnyx?token={SHARED_TOKEN}"

    phone = Provider(engine, "telnyx", path, start=False)
    phone.media(SILENCE)
    check(phone.ws.wait_closed() == 1002, f"media before start: {phone.ws.close_reason}")

    before = len(engine.calls())
    phone = Provider(engine, "telnyx", path)
    for _ in range(50):
        phone.say("media", {"chunk": "1", "timestamp": "1", "payload": "####"})
        check_alive = phone.talk([SILENCE])
    check(check_alive, "fifty payloads that are no base64 cost no call")
    for _ in range(3000):  # a minute at once
        phone.media(SILENCE)
    check(phone.talk([SILENCE] * 20), "nor does audio faster than real time")
    phone.ws.send({"event": "sparkle", "stream_id": "MZ1"})
    for _ in range(50):
        phone.ws.send("garbage")
    check(phone.over.wait(5) and phone.ws.close_code == 1008, f"too much of it does: {phone.ws.close_reason}")
    check(last_end(engine, before)["reason"] == "failed", "and the call has failed")

    for what, code in (("binary", 1003), ("oversize", 1009), ("second start", 1002)):
        before = len(engine.calls())
        phone = Provider(engine, "telnyx", path)
        phone.talk([SILENCE] * 5)
        if what == "binary":
            phone.ws.frame(2, b"\x00" * 160)
        elif what == "oversize":
            phone.ws.send("x" * 70_000)
        else:
            phone.say("start", {"media_format": {"encoding": "PCMU", "sample_rate": 8000}})
        check(phone.over.wait(5) and phone.ws.close_code == code, f"{what}: closed with {phone.ws.close_code}, {phone.ws.close_reason}")
        check(last_end(engine, before)["reason"] == "failed", f"{what}: the call has failed")

    before = len(engine.calls())
    phone = Provider(engine, "telnyx", path)
    phone.talk([SILENCE] * 5)
    phone.ws.break_off()
    end = last_end(engine, before)
    check(end["reason"] == "failed" and "without a stop" in end["detail"], f"an abrupt close: {end['detail']}")

    before = len(engine.calls())
    phone = Provider(engine, "telnyx", path)
    phone.talk([SILENCE] * 5)
    check(phone.over.wait(8) and phone.ws.close_code == 1000, f"silence: closed, {phone.ws.close_reason}")
    check(last_end(engine, before)["reason"] == "media_timeout", "silence: the end is media_timeout")

    before = len(engine.calls())
    phone = Provider(engine, "telnyx", path)
    check(phone.talk([SILENCE] * 5), "and the engine takes the next one")
    phone.stop()
    check(last_end(engine, before)["reason"] == "caller_hangup", "to its end")


def test(folder):
    line = folder / "scripted.launch"
    line.write_text(LINE)
    os.environ["TWILIO_AUTH_TOKEN"], os.environ["STREAM_TOKEN"] = AUTH_TOKEN, SHARED_TOKEN
    config = {"media": {"pipeline": str(line), "timeout": 3},
              "media_streams": {"twilio_token_env": "TWILIO_AUTH_TOKEN", "telnyx_token_env": "STREAM_TOKEN"}}
    question = frames_of(peer.speech("Hello there, can you hear me?"))
    with peer.Engine(folder, config) as engine:
        strangers(engine)
        conversations(engine, question)
        faults(engine)
        check(engine.alive(), "the engine is well")


peer.run(test)
