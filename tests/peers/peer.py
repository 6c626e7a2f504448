"""peer: what the tests with real peers share: a folder, an engine, speech, and a plain assertion.

Each test is a program of its own: exit 0 is right. Python 3 standard library and the peer itself.
"""

import array
import ctypes
import math
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/lib"))
from engine import Engine, EngineError  # noqa: E402,F401
import sound  # noqa: E402,F401


class Wrong(AssertionError):
    pass


def check(right: bool, sentence: str) -> None:
    print(("ok     " if right else "WRONG  ") + sentence, flush=True)
    if not right:
        raise Wrong(sentence)


class FliteWave(ctypes.Structure):
    _fields_ = [("type", ctypes.c_char_p), ("sample_rate", ctypes.c_int), ("num_samples", ctypes.c_int),
                ("num_channels", ctypes.c_int), ("samples", ctypes.POINTER(ctypes.c_short))]


def speech(text: str, voice: str = "slt") -> array.array:
    """8 kHz samples of a flite voice."""
    flite = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
    for name in ("usenglish", "cmulex"):
        ctypes.CDLL(f"libflite_{name}.so.1", mode=ctypes.RTLD_GLOBAL)
    register = getattr(ctypes.CDLL(f"libflite_cmu_us_{voice}.so.1"), f"register_cmu_us_{voice}")
    register.restype = ctypes.c_void_p
    flite.flite_text_to_wave.restype = ctypes.POINTER(FliteWave)
    flite.flite_text_to_wave.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    flite.flite_init()
    wave_made = flite.flite_text_to_wave(text.encode(), register(None)).contents
    return to_line(array.array("h", wave_made.samples[:wave_made.num_samples]), wave_made.sample_rate)


def to_line(samples: array.array, rate: int, half: int = 32) -> array.array:
    """To 8 kHz, by a windowed sinc that keeps out what a telephone line does not carry, and to a telephone's level."""
    cut = 2 * 3600 / rate
    line = []
    for index in range(len(samples) * 8000 // rate):
        centre = index * rate / 8000
        first = int(centre) - half + 1
        total = 0.0
        for at in range(max(first, 0), min(first + 2 * half, len(samples))):
            x = at - centre
            sinc = cut if x == 0 else math.sin(math.pi * cut * x) / (math.pi * x)
            total += samples[at] * sinc * (0.5 + 0.5 * math.cos(math.pi * x / half))
        line.append(total)
    loud = sorted(abs(s) for s in line)[len(line) * 9 // 10] or 1  # nine tenths of the samples are below it
    return array.array("h", (max(-32768, min(32767, round(s * 3000 / loud))) for s in line))


def silence(ms: int) -> array.array:
    return array.array("h", bytes(16 * ms))


def write_wav(path: Path, samples: array.array, rate: int = 8000, channels: int = 1) -> None:
    """8 kHz samples, at a multiple of that: each stands several times, and in every channel."""
    samples = array.array("h", (s for s in samples for _ in range(rate // 8000 * channels)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def free_port() -> int:
    """A port that nobody has, nor the one above it, for UDP or TCP: baresip takes both. Not one of those that the
    system gives to whoever asks for any: somebody might in the meantime."""
    while True:
        port = random.randrange(10000, 16000, 2)
        probes = [socket.socket(socket.AF_INET, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM) for _ in range(2)]
        try:
            for at, probe in enumerate(probes):
                probe.bind(("127.0.0.1", port + at % 2))
            return port
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()


def tail(path: Path, count: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])


def run(test) -> None:
    """Runs test(folder); on failure shows what the programs wrote and keeps the folder."""
    folder = Path(tempfile.mkdtemp(prefix="parley-peer-"))
    try:
        test(folder)
    except (Wrong, EngineError, OSError, subprocess.SubprocessError) as error:
        traceback.print_exc()
        for log in sorted(folder.glob("*.log")):
            print(f"-- {log}\n{tail(log)}", file=sys.stderr)
        print(f"failed: {error}; everything is in {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder)
