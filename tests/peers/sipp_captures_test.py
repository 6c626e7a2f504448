"""A stock sipp plays the captures that come with it: speech in PCMA, and every key as RFC 4733.

The key captures were cut out of one call of long ago: one SSRC, fixed sequence numbers and timestamps, an
end that comes three times under one sequence number. Played in any other order, or twice, the stream goes
back to where it has been, and each must still be one key.
"""

import re

import peer
import sipp
from peer import check

CAPTURES = "/usr/share/sip-tester"
MEDIA_PORT = 48000
FORMATS = "RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-11,16"
KEYS = "1234567890*#" + "99871#0"  # as they lie in the call; back, and some twice
NAMES = {"*": "star", "#": "pound"}


def scenario_of_keys(file):
    plays = "".join(f'''  <nop><action><exec play_pcap_audio="pcap/dtmf_2833_{NAMES.get(key, key)}.pcap"/></action></nop>
  <pause milliseconds="400"/>
''' for key in KEYS)
    text = sipp.SCENARIO.read_text().replace("RTP/AVP 0\na=rtpmap:0 PCMU/8000", FORMATS)
    file.write_text(re.sub(r"  <nop>.*<pause/>\n", lambda _: plays, text, flags=re.DOTALL))


def call(folder, engine, name, scenario):
    ears = sipp.Ears(range(MEDIA_PORT, MEDIA_PORT + 20), payload_type=8)
    ears.start()
    code = sipp.run_scenario(folder, engine.sip, 12000, MEDIA_PORT, [*scenario, "-m", "1"])
    ears.close()
    check(code == 0, f"{name}: sipp's call went as its scenario says (exit code {code})")
    newest = engine.wait_ended(len(engine.calls()))[-1]
    check(newest["end_reason"] == "caller_hangup", f"{name}: it ended as {newest['end_reason']}")
    bodies = {}
    for event in engine.events(newest["id"]):
        bodies.setdefault(event["kind"], []).append(event["body"])
    return ears, bodies


def test(folder):
    (folder / "pcap").symlink_to(CAPTURES)
    scenario_of_keys(folder / "keys.xml")
    with peer.Engine(folder) as engine:
        ears, told = call(folder, engine, "speech", ["-sn", "uac_pcap"])
        check(len(ears.packets) == 1, f"PCMA came back to one port: {sorted(ears.packets)}")
        voiced = ears.voiced_ms(next(iter(ears.packets)))
        check(voiced > 1500, f"{voiced} ms of it are voiced")
        summary = told["media.summary"][-1]
        check(summary["received"] >= 236, f"the engine received {summary['received']} packets of 236 of speech")
        check(summary["lost"] == 0, f"{summary['lost']} packets are missing in what came")
        check([b["digit"] for b in told.get("dtmf.received", [])] == ["1"], "the scenario's one key was heard once")

        _, told = call(folder, engine, "keys", ["-sf", "keys.xml"])
        heard = "".join(b["digit"] for b in told.get("dtmf.received", []))
        check(heard == KEYS, f"{len(KEYS)} keys, each once, in their order: {heard}")
        lengths = sorted({b["duration_ms"] for b in told["dtmf.received"]})
        check(lengths == [280], f"each as long as its packets say: {lengths} ms")


peer.run(test)
