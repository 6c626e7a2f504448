"""What the benchmarks share: building, starting parleyd with scripted providers, loading it, reading
what a process used, printing one figure a line and a table for people."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
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


class Parleyd:
    """parleyd with a configuration of its own in a directory that goes with it."""

    def __init__(self, speech="scripted", pipeline="tools/bench/scripted.launch", **keys):
        self.dir = tempfile.TemporaryDirectory(prefix="parley-bench-")
        config = Path(self.dir.name) / "parley.toml"
        config.write_text(
            f'[sip]\nlisten = "127.0.0.1:0"\nmax_calls = 20000\n[control]\nlisten = "127.0.0.1:0"\n'
            f'[store]\nurl = "sqlite:{self.dir.name}/bench.db"\n[log]\nlevel = "warn"\n'
            f'[media]\npipeline = "{ROOT / pipeline}"\nports = "30000-59999"\n'
            f'[agents]\npath = "{ROOT / "pipelines/agents"}"\n[speech]\n'
            + (f'stt = "scripted"\ntts = "scripted"\n' if speech == "scripted" else "")
        )
        self.process = subprocess.Popen([BUILD / "engine/parleyd", "--config", config], stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.sip, self.control = ready["sip"], ready["control"]

    def usage(self):
        return usage(self.process.pid)

    def health(self):
        with urllib.request.urlopen(f"http://{self.control}/health", timeout=10) as answer:
            return json.load(answer)

    def close(self):
        self.process.terminate()
        self.process.terminate()
        try:
            self.process.wait(timeout=45)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


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
