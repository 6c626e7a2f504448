"""What the benchmarks share: building, starting parleyd with scripted providers, loading it, reading
what a process used, printing one figure a line and a table for people."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from engine import ROOT, Engine, build_dir  # noqa: E402

BUILD = build_dir()
TICKS = os.sysconf("SC_CLK_TCK")


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, "-Dwerror=true"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD], check=True, stdout=subprocess.DEVNULL)


def usage(pid):
    """CPU seconds used so far, resident bytes, threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = Path(f"/proc/{pid}/status").read_text()
    rss = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024
    return {"cpu": (int(fields[11]) + int(fields[12])) / TICKS, "rss": rss, "threads": int(fields[17])}


PROVIDERS = {
    "scripted": {"media": {"pipeline": str(ROOT / "tools/bench/scripted.launch")},
                 "speech": {"stt": "scripted", "tts": "scripted"}},
    "none": {"media": {"pipeline": str(ROOT / "tools/bench/media.launch")}},
    "local": {"agents": {"path": str(ROOT / "tools/bench/agents"), "default": "listener"}},
}


class Parleyd(Engine):
    """A parleyd whose recogniser, mind and voice answer from a script, or that hears and speaks
    itself; gone with its folder."""

    def __init__(self, speech="scripted"):
        self.temporary = tempfile.TemporaryDirectory(prefix="parley-bench-")
        config = {"sip": {"max_calls": 20000}, "log": {"level": "warn"}, **PROVIDERS[speech]}
        config.setdefault("media", {})["ports"] = "30000-59999"
        super().__init__(Path(self.temporary.name), config)

    def usage(self):
        return usage(self.pid)

    def __exit__(self, *_):
        self.stop(5)  # the callers do not hang up: a second is enough
        self.temporary.cleanup()


def load(*options):
    """One run of the load generator; its figures."""
    out = subprocess.run([BUILD / "tools/bench/load", *map(str, options)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def median(values):
    return statistics.median(values)


def figure(bench, case, name, value, unit):
    print(json.dumps({"bench": bench, "case": case, "figure": name, "value": round(value, 3), "unit": unit}), flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)
