"""A sipp that sends no SDP with its INVITE gets the engine's offer, answers it with its ACK, and is spoken to."""

import re

import peer
import sipp
from peer import check, silence, sound, speech

MEDIA_PORT = 49000


def late(scenario):
    """The same call with the SDP in the ACK, where an answer to the engine's offer belongs."""
    sdp = re.search(r"Content-Type: application/sdp\nContent-Length: \[len\]\n\nv=0.*?(?=\n    \]\])", scenario, re.DOTALL)[0]
    invite, ack, rest = re.split(r"(?<=</send>)", scenario.replace(sdp, "Content-Length: 0\n"), maxsplit=2)
    return invite + ack.replace("Content-Length: 0", sdp) + rest


def test(folder):
    packets = sound.write_pcap(folder / "speech.pcap", silence(4000) + speech("hello, this is a test") + silence(2000))
    (folder / "late.xml").write_text(late(sipp.SCENARIO.read_text()))
    ears = sipp.Ears(range(MEDIA_PORT, MEDIA_PORT + 20))
    ears.start()
    last_ms = packets * 20 + 500
    with peer.Engine(folder) as engine:
        code = sipp.run_scenario(folder, engine.sip, last_ms, MEDIA_PORT,
                                 ["-sf", "late.xml", "-m", "1", "-d", str(last_ms)])
        ears.close()
        check(code == 0, f"sipp's call went as its scenario says (exit code {code})")
        call = engine.wait_ended(1)[0]
        kinds = {e["kind"]: e["body"] for e in engine.events(call["id"])}
    check(call["end_reason"] == "caller_hangup", f"the call ended: {call['end_reason']}")
    check(kinds["call.answered"]["codec"] == "PCMU", "what the ACK answered was agreed on")
    check("speech.started" in kinds, "the engine heard the caller")
    check(len(ears.packets) == 1, f"RTP came back to one port: {sorted(ears.packets)}")
    voiced = ears.voiced_ms(next(iter(ears.packets)))
    check(voiced > 1500, f"{voiced} ms of it are voiced")


peer.run(test)
