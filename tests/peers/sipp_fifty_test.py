"""Fifty calls at once from a stock sipp: each is answered, spoken to, and ended by it."""

import peer
import sipp
from peer import check, silence, sound, speech

CALLS = 50
MEDIA_PORT = 47000


def at_once(calls):
    edges = [(c["answered_at"], 1) for c in calls] + [(c["ended_at"], -1) for c in calls]
    live = most = 0
    for _, step in sorted(edges):
        live += step
        most = max(most, live)
    return most


def test(folder):
    sound.write_pcap(folder / "speech.pcap", silence(1000) + speech("hello, this is a test") + silence(5000))
    ears = sipp.Ears(range(MEDIA_PORT, MEDIA_PORT + 4 * CALLS + 20))
    ears.start()
    with peer.Engine(folder) as engine:
        code = sipp.run_sipp(folder, engine.sip, CALLS, 25, 8000, MEDIA_PORT)
        ears.close()
        check(code == 0, f"all of sipp's calls went as its scenario says (exit code {code})")
        calls = engine.wait_ended(CALLS)
        stories = {call["id"]: [e["kind"] for e in engine.events(call["id"])] for call in calls}
    check(len(calls) == CALLS, f"{len(calls)} calls are stored")
    check(all(c["end_reason"] == "caller_hangup" for c in calls), "each ended as caller_hangup")
    check(at_once(calls) == CALLS, f"{at_once(calls)} of them were live at once")
    greeted = sum("agent.speaking" in story for story in stories.values())
    check(greeted == CALLS, f"the agent spoke in {greeted} of them")
    broken = sum("error" in story or "events.lost" in story for story in stories.values())
    check(broken == 0, f"{broken} had an error or lost events")
    voiced = [port for port in ears.packets if ears.voiced_ms(port) > 1000]
    check(len(voiced) == CALLS, f"voiced RTP came back to {len(voiced)} ports")


peer.run(test)
