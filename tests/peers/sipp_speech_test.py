"""A stock sipp plays a G.711 capture of speech into a call and gets voiced RTP back."""

import peer
import sipp
from peer import check, silence, sound, speech

MEDIA_PORT = 46000


def test(folder):
    capture = silence(9000) + speech("Alice Johnson") + silence(6000)
    packets = sound.write_pcap(folder / "speech.pcap", capture)
    ears = sipp.Ears(range(MEDIA_PORT, MEDIA_PORT + 20))
    ears.start()
    with peer.Engine(folder) as engine:
        code = sipp.run_sipp(folder, engine.sip, 1, 1, packets * 20 + 500, MEDIA_PORT)
        ears.close()
        check(code == 0, f"sipp's call went as its scenario says (exit code {code})")
        call = engine.wait_ended(1)[0]
        events = engine.events(call["id"])
    check(call["end_reason"] == "caller_hangup", f"the call ended: {call['end_reason']}")
    check(len(ears.packets) == 1, f"RTP came back to one port: {sorted(ears.packets)}")
    port, heard = next(iter(ears.packets.items()))
    check(len(heard) > 0.9 * packets, f"{len(heard)} packets came back for {packets} sent")
    check(ears.voiced_ms(port) > 5000, f"{ears.voiced_ms(port)} ms of them are voiced")
    summary = [e["body"] for e in events if e["kind"] == "media.summary"][-1]
    check(summary["received"] >= 0.99 * packets, f"the engine received {summary['received']} of {packets} packets")
    finals = [e["body"]["text"] for e in events if e["kind"] == "transcript.final"]
    check(len(finals) >= 1, f"the engine heard speech in the capture: {len(finals)} utterances")
    check(len([e for e in events if e["kind"] == "agent.speaking"]) >= 2, "the agent greeted, and answered it")


peer.run(test)
