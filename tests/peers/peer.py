"""peer: what the tests with real peers share: a folder, an engine, speech, and a plain assertion.

Each test is a program of its own: exit 0 is right. Python 3 standard library and the peer itself.
"""

import array
import audioop
import io
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


def speech(text: str, voice: str = "en-us") -> array.array:
    """8 kHz samples of espeak-ng."""
    done = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], stdout=subprocess.PIPE, check=True, timeout=20)
    with wave.open(io.BytesIO(done.stdout), "rb") as file:
        data, rate = file.readframes(16 << 20), file.getframerate()
    line, _ = audioop.ratecv(data, 2, 1, rate, 8000, None)
    return array.array("h", line)


def silence(ms: int) -> array.array:
    return array.array("h", bytes(16 * ms))


def write_wav(path: Path, samples: array.array) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
