"""A stock baresip calls, and its own recording holds the agent's speech."""

import subprocess

import peer
from peer import check, silence, sound, speech

CONFIG = """
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module aufile.so
module sndfile.so
module_app account.so
module_app contact.so
module_app menu.so
sip_listen 127.0.0.1:{sip_port}
audio_player aufile,{folder}/player.wav
audio_source aufile,{folder}/caller.wav
audio_alert none
rtp_ports 48000-48100
snd_path {folder}
"""


def start(folder, target):
    home = folder / "baresip"
    home.mkdir()
    (home / "config").write_text(CONFIG.format(folder=folder, sip_port=peer.free_udp_port()))
    (home / "accounts").write_text("<sip:peer@127.0.0.1>;regint=0;audio_codecs=pcmu\n")
    (home / "contacts").write_text("")
    log = (folder / "baresip.log").open("w")
    return subprocess.Popen(["baresip", "-f", str(home), "-e", f"/dial sip:reception@{target}", "-t", "18"],
                            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder)


def test(folder):
    peer.write_wav(folder / "caller.wav", silence(9000) + speech("Alice Johnson") + silence(20000))
    with peer.Engine(folder) as engine:
        baresip = start(folder, engine.sip)
        try:
            code = baresip.wait(40)
        finally:
            if baresip.poll() is None:
                baresip.kill()
        check(code == 0, f"baresip ended by itself (exit code {code})")
        call = engine.wait_ended(1)[0]
        events = engine.events(call["id"])
    recorded = sorted(folder.glob("dump-*-dec.wav"))
    check(len(recorded) == 1, f"baresip recorded what it heard: {[p.name for p in recorded]}")
    rate, (heard,) = sound.read_channels(recorded[0])
    voiced = sound.voiced_ms(heard, rate)
    said = [e for e in events if e["kind"] == "agent.speaking"]
    check(len(said) >= 2, f"the agent greeted, and answered: it spoke {len(said)} times")
    check(voiced > 5000, f"{voiced} ms of its recording are voiced")
    check(call["end_reason"] in ("caller_hangup", "agent_hangup"), f"the call ended: {call['end_reason']}")


peer.run(test)
