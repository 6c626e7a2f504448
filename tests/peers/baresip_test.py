"""A stock baresip calls with G.711, G.722, Opus and AMR-WB, plain and over SRTP; its own recording holds the agent's speech, and ours its caller's."""

import subprocess

import peer
from peer import check, silence, sound, speech

CONFIG = """
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module g722.so
module opus.so
module amr.so
module srtp.so
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


# baresip's name, the rate and channels it wants of a file, our name, what it wants of encryption.
CALLS = [("pcmu/8000/1", 8000, 1, "PCMU", ""), ("g722/16000/1", 16000, 1, "G722", ""),
         ("opus/48000/2", 48000, 2, "opus", ""), ("amr-wb/16000/1", 16000, 1, "AMR-WB", ""), ("pcmu/8000/1", 8000, 1, "PCMU", "srtp-mand"),
         ("pcmu/8000/1", 8000, 1, "PCMU", "srtp")]


ENGINE = {"sip": {"codecs": ["opus", "G722", "PCMU", "PCMA", "AMR-WB"]}, "recording": {"path": "recordings"}}


def start(folder, target, codec, encryption):
    home = folder / "baresip"
    home.mkdir()
    (home / "config").write_text(CONFIG.format(folder=folder, sip_port=peer.free_port()))
    encrypted = f";mediaenc={encryption}" if encryption else ""
    (home / "accounts").write_text(f"<sip:peer@127.0.0.1>;regint=0;audio_codecs={codec}{encrypted}\n")
    (home / "contacts").write_text("")
    log = (folder / "baresip.log").open("w")
    return subprocess.Popen(["baresip", "-f", str(home), "-e", f"/dial sip:reception@{target}", "-t", "18"],
                            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder)


def call_with(folder, codec, rate, channels, name, encryption):
    peer.write_wav(folder / "caller.wav", silence(9000) + speech("Alice Johnson") + silence(20000), rate, channels)
    (folder / "recordings").mkdir()
    with peer.Engine(folder, ENGINE) as engine:
        baresip = start(folder, engine.sip, codec, encryption)
        try:
            code = baresip.wait(60)
        finally:
            if baresip.poll() is None:
                baresip.kill()
        check(code == 0, f"{name}: baresip ended by itself (exit code {code})")
        call = engine.wait_ended(1)[0]
        events = engine.events(call["id"])
    answered = next(e for e in events if e["kind"] == "call.answered")
    check(answered["body"]["codec"] == name, f"{name}: the call is answered with {answered['body']['codec']}")
    suite = answered["body"]["srtp"]
    check(bool(suite) == bool(encryption), f"{name}: SRTP: {suite or 'none'}")
    recorded = sorted(folder.glob("dump-*-dec.wav"))
    check(len(recorded) == 1, f"{name}: baresip recorded what it heard: {[p.name for p in recorded]}")
    recorded_rate, (heard, *_) = sound.read_channels(recorded[0])
    voiced = sound.voiced_ms(heard, recorded_rate)
    spoken = [e for e in events if e["kind"] == "agent.speaking"]
    check(len(spoken) >= 2, f"{name}: the agent greeted, and answered: it spoke {len(spoken)} times")
    finals = [e for e in events if e["kind"] == "transcript.final" and not e["body"]["rejected"]]
    check(len(finals) >= 1, f"{name}: the caller was understood")
    check(voiced > 5000, f"{name}: {voiced} ms of its recording at {recorded_rate} Hz are voiced")
    ours_rate, (caller, agent) = sound.read_channels(folder / "recordings" / f"{call['id']}.wav")
    said_rate, (said, *_) = sound.read_channels(folder / "caller.wav")
    likeness = sound.likeness(sound.levels(agent, ours_rate), sound.levels(heard, recorded_rate))
    check(likeness > 0.9, f"{name}: what it heard is what the agent said: {likeness:.3f} alike")
    likeness = sound.likeness(sound.levels(said, said_rate), sound.levels(caller, ours_rate))
    check(likeness > 0.9, f"{name}: what we heard is what its caller said: {likeness:.3f} alike")
    summary = next(e for e in events if e["kind"] == "media.summary")["body"]
    check(summary["malformed"] == 0, f"{name}: {summary['received']} packets came, none was malformed")
    # baresip opens the way through a NAT by an RTP and an RTCP packet that are plain.
    plain = 2 if encryption else 0
    check(summary["undecryptable"] <= plain, f"{name}: {summary['undecryptable']} packets could not be decrypted")
    check(summary["rtcp_received"] > 0, f"{name}: {summary['rtcp_received']} RTCP reports came, the MOS is {summary['mos']:.2f}")
    check(call["end_reason"] in ("caller_hangup", "agent_hangup"), f"{name}: the call ended: {call['end_reason']}")


def test(folder):
    for codec, rate, channels, name, encryption in CALLS:
        own = folder / f"{name}{encryption}"
        own.mkdir()
        call_with(own, codec, rate, channels, name, encryption)


peer.run(test)
