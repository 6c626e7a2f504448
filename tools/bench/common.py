"""What the benchmarks share: building, starting parleyd with scripted providers, loading it, reading
what a process used, printing one figure a line and a table for people."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from engine import ROOT, Engine, build_dir  # noqa: E402

BUILD = build_dir()
SETTLE_S, TAIL_S = 4, 2  # of a load's seconds, before and after what counts
CODECS = ["opus", "G722", "PCMU", "PCMA", "L16", "AMR-WB"]  # the one that is offered is taken
STALL_MS = 100
QUICK = "--quick" in sys.argv


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, "-Dwerror=true"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD], check=True, stdout=subprocess.DEVNULL)


def usage(pid):
    """CPU seconds used so far, resident bytes, threads."""
    cpu_clock = ~pid << 3 | 2  # as clock_getcpuclockid(3) has it: to the nanosecond, of all its threads
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {"cpu": time.clock_gettime(cpu_clock), "rss": int(status["VmRSS"].split()[0]) * 1024,
            "threads": int(status["Threads"])}


BENCH = ROOT / "tools/bench"
MEDIA_LINE = BENCH / "media.launch"
PULSES = ("--talk", "pulse", "--turn-every", 0.5)  # a loud packet twice a second
PROVIDERS = {
    "scripted": {"media": {"pipeline": str(BENCH / "scripted.launch")}, "speech": {"stt": "scripted", "tts": "scripted"}},
    "none": {"media": {"pipeline": str(MEDIA_LINE)}},
    "recorded": {"media": {"pipeline": str(MEDIA_LINE)}, "recording": {"path": "."}},
    "echo": {"media": {"pipeline": str(BENCH / "echo.launch")}},
    "local": {"agents": {"path": str(BENCH / "agents"), "default": "listener"}},
}


class Parleyd(Engine):
    """A parleyd whose recogniser, mind and voice answer from a script, or that hears and speaks
    itself; gone with its folder."""

    def __init__(self, speech="scripted", realtime=True):
        self.temporary = tempfile.TemporaryDirectory(prefix="parley-bench-")
        media = {"ports": "30000-59999", "realtime": realtime, **PROVIDERS[speech].get("media", {})}
        config = {**PROVIDERS[speech], "sip": {"max_calls": 20000, "codecs": CODECS}, "log": {"level": "warn"}, "media": media}
        super().__init__(Path(self.temporary.name), config)

    def usage(self):
        return usage(self.pid)

    def health(self):
        with urllib.request.urlopen(f"http://{self.control}/health", timeout=10) as answer:
            return json.load(answer)

    def __exit__(self, *_):
        self.stop(5)  # the callers do not hang up: a second is enough
        self.temporary.cleanup()


class Load:
    """The load generator, under way."""

    def __init__(self, *options):
        self.process = subprocess.Popen([BUILD / "tools/bench/load", *map(str, options)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ports(self):
        """Those of --ports."""
        return [int(port) for port in self.process.stdout.readline().split()]

    def aim(self, ports):
        self.process.stdin.write(" ".join(map(str, ports)) + "\n")
        self.process.stdin.flush()

    def figures(self):
        out, _ = self.process.communicate()
        if self.process.returncode:
            sys.exit("the load generator has failed")
        figures = json.loads(out.splitlines()[-1])
        late = figures.get("own_lateness_ms", 0)
        if late > STALL_MS:
            say(f"    the load generator itself was {late:.0f} ms late: the machine is full, or was busy with something else")
        return figures


def measured(used, load, calls, idle, seconds, dialling=0):
    """What load says, and what a process uses for each call while it is loaded for `seconds`: `used`
    says what it has used, `idle` is what it said before."""
    time.sleep(dialling + SETTLE_S)
    before, at = used(), time.monotonic()
    time.sleep(seconds - SETTLE_S - TAIL_S)
    after, elapsed = used(), time.monotonic() - at
    return load.figures() | {"cpu_us": (after["cpu"] - before["cpu"]) / elapsed / calls * 1e6,
                             "bytes": (after["rss"] - idle["rss"]) / calls,
                             "threads": (after["threads"] - idle["threads"]) / calls}


def run(calls, seconds, *options, speech="scripted", realtime=True, stream=False):
    """A parleyd under the load of `calls` callers, and what came of it."""
    with Parleyd(speech, realtime) as engine:
        idle = engine.usage()
        where = ("--stream", engine.control) if stream else ("--sip", engine.sip)
        load = Load(*where, "--calls", calls, "--seconds", seconds, *options)
        result = measured(engine.usage, load, calls, idle, seconds, dialling=calls / 400)
        return result | {"scheduling": engine.health()["scheduling"]}


def parts(*arguments):
    """What a part of the engine costs, without the rest."""
    out = subprocess.run([BUILD / "tools/bench/parts", *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(out.stdout)


def median(values):
    return statistics.median(values)


def median_run(runs, key):
    """The one in the middle."""
    return sorted(runs, key=key)[len(runs) // 2]


def option(name, default):
    """What follows `name` on the command line."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def figure(bench, case, name, value, unit):
    print(json.dumps({"bench": bench, "case": case, "figure": name, "value": round(value, 3), "unit": unit}), flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)
