"""Bad times for a whole parleyd: garbage on its ports, a second one beside it, a full disk, and its
sudden death. Each is said clearly and costs no other call anything."""

import json
import random
import resource
import socket
import subprocess
import time
import urllib.request

import peer
from engine import program
from peer import check

SCRIPT = "wait agent to finish within 30 s\nsay [voice=slt] Alice Johnson\nwait agent to finish within 30 s\nhangup\n"
LONG = "wait agent to finish within 30 s\npause 60 s\nhangup\n"

INVITE = """INVITE sip:reception@{to} SIP/2.0\r
Via: SIP/2.0/UDP {at};branch=z9hG4bK{number}\r
From: <sip:trouble@{at}>;tag=t{number}\r
To: <sip:reception@{to}>\r
Call-ID: trouble-{number}@{at}\r
CSeq: 1 INVITE\r
Contact: <sip:trouble@{at}>\r
Max-Forwards: 70\r
Content-Type: application/sdp\r
Content-Length: {length}\r
\r
{sdp}"""
WHOLE = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP {type}\r\n{map}"
BAD_OFFERS = {
    "a codec nobody has": WHOLE.format(type=96, map="a=rtpmap:96 NOBODYHAS/8000\r\n"),
    "a description that is cut off": WHOLE.format(type=0, map="")[:48],
    "a description that is none": "this is no session description\r\n",
}


class Caller:
    """A scripted caller in the background."""

    def __init__(self, folder, engine, script, name="caller"):
        (folder / f"{name}.txt").write_text(script)
        self._process = subprocess.Popen(
            [program("tools/caller/parley-caller"), f"sip:reception@{engine.sip}", folder / f"{name}.txt", "--quiet"],
            stderr=(folder / f"{name}.log").open("w"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def done(self, seconds=90):
        return self._process.wait(seconds)


def health(engine):
    with urllib.request.urlopen(f"http://{engine.control}/health", timeout=10) as answer:
        return json.load(answer)


def until(right, sentence, seconds=30):
    """Waits for what must come; its value."""
    deadline = time.monotonic() + seconds
    while not (value := right()):
        if time.monotonic() > deadline:
            check(False, f"within {seconds} s: {sentence}")
        time.sleep(0.05)
    print(f"       {sentence}", flush=True)
    return value


def of_kind(engine, kind):
    return engine.query("SELECT * FROM events WHERE kind = ? ORDER BY at", kind)


def is_whole(engine, call):
    numbers = [event["seq"] for event in engine.events(call["id"])]
    check(numbers == list(range(1, len(numbers) + 1)), f"none of its {len(numbers)} events is missing")


def status_of(sender, engine, number, sdp):
    """The final status of an INVITE with that description."""
    at = "{}:{}".format(*sender.getsockname())
    to = tuple(engine.sip.rsplit(":", 1))
    sender.sendto(INVITE.format(to=engine.sip, at=at, number=number, length=len(sdp), sdp=sdp).encode(), (to[0], int(to[1])))
    while True:
        line = sender.recv(65536).split(b"\r\n")[0].decode()
        status = int(line.split()[1])
        if status >= 200:
            return status, line


def garbage(folder):
    first = peer.free_port()
    with peer.Engine(folder, {"media": {"ports": f"{first}-{first + 19}"}}) as engine:
        with Caller(folder, engine, SCRIPT) as caller:
            until(lambda: of_kind(engine, "agent.speaking"), "the call is up")
            dice = random.Random(7)
            host, port = engine.sip.rsplit(":", 1)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind(("127.0.0.1", 0))
                sender.settimeout(10)
                for _ in range(3000):
                    sender.sendto(dice.randbytes(dice.randrange(1, 600)), (host, int(port)))
                    sender.sendto(dice.randbytes(dice.randrange(1, 300)), ("127.0.0.1", first + dice.randrange(4)))
                while True:  # what was answered to garbage
                    try:
                        sender.settimeout(0.2)
                        sender.recv(65536)
                    except TimeoutError:
                        break
                sender.settimeout(10)
                for number, (what, sdp) in enumerate(BAD_OFFERS.items()):
                    status, line = status_of(sender, engine, number, sdp)
                    check(status in (400, 488), f"{what}: {line}")
            check(caller.done() == 0, "the call that was up came to its end as its script says")
        call = next(c for c in engine.wait_ended(1 + len(BAD_OFFERS)) if c["end_reason"] == "caller_hangup")
        is_whole(engine, call)
        check(health(engine)["sip_counters"]["garbage"] > 1000, f"garbage is counted: {health(engine)['sip_counters']}")


def second(folder):
    with peer.Engine(folder / "first") as engine:
        beside = {
            "the same SIP port": ({"sip": {"listen": engine.sip}}, engine.sip),
            "the same control port": ({"control": {"listen": engine.control}}, engine.control),
            "the same database": ({"store": {"url": f"sqlite:{engine.database}"}}, str(engine.database)),
        }
        with Caller(folder, engine, SCRIPT) as caller:
            until(lambda: of_kind(engine, "agent.speaking"), "the call is up")
            for what, (config, named) in beside.items():
                try:
                    peer.Engine(folder / what.replace(" ", "-"), config).stop()
                    check(False, f"{what}: the second does not start")
                except peer.EngineError as error:
                    check(named in str(error), f"{what}: {error}")
            check(caller.done() == 0, "the first one's call came to its end as its script says")
        is_whole(engine, engine.wait_ended(1)[0])


def full_disk(folder):
    with peer.Engine(folder) as engine:
        with Caller(folder, engine, SCRIPT) as caller:
            until(lambda: of_kind(engine, "agent.speaking"), "the call is up")
            written = max(path.stat().st_size for path in folder.glob("parley*"))
            resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))
            until(lambda: "does not take events" in engine.log.read_text() or not engine.alive(), "the full disk is noticed")
            check(engine.alive(), "parleyd lives")
            check(caller.done() == 0, "the call goes on to its end as its script says")
        with Caller(folder, engine, "wait agent to finish within 30 s\nhangup\n", "next") as caller:
            check(caller.done() == 0, "another call is taken meanwhile")
        resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        for call in engine.wait_ended(2, 30):
            is_whole(engine, call)
        until(lambda: of_kind(engine, "store.recovered"), "its end is an event")
        check(len(of_kind(engine, "store.failed")) == 1, "its beginning is one event")


def killed(folder):
    engine = peer.Engine(folder)
    seen = folder / "seen.jsonl"
    watcher = subprocess.Popen([program("tools/parley/parley"), "--url", f"http://{engine.control}", "--json", "watch"],
                               stdout=seen.open("w"))
    try:
        with Caller(folder, engine, LONG):
            until(lambda: "agent.said" in seen.read_text(), "the console has seen the greeting")
            before = [json.loads(line) for line in seen.read_text().splitlines()]
            until(lambda: of_kind(engine, "agent.said"), "and it is stored")
            engine.kill()
    finally:
        watcher.terminate()
        watcher.wait()
    stored = {(event["call_id"], event["seq"]) for event in engine.query("SELECT call_id, seq FROM events")}
    missing = [event["kind"] for event in before if event.get("seq") and (event["call"], event["seq"]) not in stored]
    check(len(before) > 3 and not missing, f"of {len(before)} events that the console had seen none is missing: {missing}")
    with peer.Engine(folder) as again:
        call = again.wait_ended(1)[0]
        check(call["end_reason"] == "interrupted", f"at the next start the call is closed: {call['end_reason']}")
        check(again.events(call["id"])[-1]["kind"] == "call.ended", "its last event is its end")
        is_whole(again, call)
        check(health(again)["calls_live"] == 0, "no call is live")
        with Caller(folder, again, "wait agent to finish within 30 s\nhangup\n", "next") as caller:
            check(caller.done() == 0, "the next call is taken")


def test(folder):
    for trouble in (garbage, second, full_disk, killed):
        print(f"-- {trouble.__name__}", flush=True)
        (folder / trouble.__name__).mkdir()
        trouble(folder / trouble.__name__)


peer.run(test)
