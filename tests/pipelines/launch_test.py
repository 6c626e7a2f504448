#!/usr/bin/env python3
"""A wav of speech through the launch line of the README gives a wav with the agent's answer, the same
one twenty times over; a real caller's wav at another rate works too.

  launch_test.py PLUGIN_DIR SOURCE_ROOT
"""
import array
import hashlib
import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

plugins, root = Path(sys.argv[1]), Path(sys.argv[2])
RUNS = 20


def speech(path, text):
    """A second of silence, the sentence, four seconds of silence: 22,050 Hz, as espeak-ng gives it."""
    spoken = path.with_suffix(".raw.wav")
    subprocess.run(["espeak-ng", "-v", "en-us", "-w", spoken, text], check=True)
    with wave.open(str(spoken)) as source:
        rate, frames = source.getframerate(), source.readframes(source.getnframes())
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"\0\0" * rate + frames + b"\0\0" * (4 * rate))


def answer(folder, question):
    out = folder / "out.wav"
    line = (f"filesrc location={question} ! wavparse ! audioconvert ! audioresample ! parleyvad ! parleystt"
            f" ! parleyturn agent={root}/pipelines/agents/reception.toml ! parleytts ! parleyegress"
            f" ! wavenc ! filesink location={out}")
    env = dict(os.environ, PARLEY_TIME="virtual", GST_PLUGIN_PATH=str(plugins), GST_REGISTRY=str(folder / "registry.bin"))
    done = subprocess.run(["gst-launch-1.0", "-m", *line.split()], env=env, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"gst-launch-1.0 ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return out, done.stdout


def voiced_seconds(path):
    with wave.open(str(path)) as sound:
        rate = sound.getframerate()
        samples = array.array("h", sound.readframes(sound.getnframes()))
    size = rate // 50
    loud = sum(1 for i in range(0, len(samples) - size, size) if max(map(abs, samples[i:i + size])) > 500)
    return loud / 50, len(samples) / rate


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        question = folder / "in.wav"
        speech(question, "My name is Alice Johnson.")
        hashes = set()
        for run in range(RUNS):
            out, messages = answer(folder, question)
            hashes.add(hashlib.sha256(out.read_bytes()).hexdigest())
            if run == 0:
                voiced, seconds = voiced_seconds(out)
                print(f"the answer: {seconds:.2f} s, {voiced:.2f} s of speech")
                assert voiced > 2, "the agent did not speak"
                assert "parley-transcript.final" in messages, "nothing was heard"
                assert "parley-agent.said" in messages, "nothing was said"
        print(f"{RUNS} runs, {len(hashes)} different files")
        assert len(hashes) == 1, "the same question gave different answers"


main()
