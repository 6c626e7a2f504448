"""engine: a parleyd of one's own: its configuration, its start until it is ready, its end.

For the demo, the peer tests and the bench. Every port is a free one; everything it writes lies in
one folder. Python 3 standard library only.
"""

import json
import os
import queue
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class EngineError(Exception):
    """A sentence that says why the engine could not be used."""


def build_dir() -> Path:
    return Path(os.environ.get("PARLEY_BUILD", ROOT / "build"))


def program(path: str) -> str:
    found = build_dir() / path
    if not found.exists():
        raise EngineError(f"{found} is missing: build first, with: meson setup build && ninja -C build")
    return str(found)


def toml(config: dict) -> str:
    lines = []
    for section, values in config.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


class Engine:
    """Runs parleyd in `folder`; `config` adds to or replaces keys of the sections."""

    def __init__(self, folder: Path, config: dict | None = None, ready_s: float = 20):
        self.folder = Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = self.folder / "parley.db"
        self.log = self.folder / "parleyd.log"
        sections = {
            "sip": {"listen": "127.0.0.1:0"},
            "control": {"listen": "127.0.0.1:0"},
            "store": {"url": "sqlite:parley.db"},
            "media": {"pipeline": str(ROOT / "pipelines/call.launch")},
            "agents": {"path": str(ROOT / "pipelines/agents"), "default": "reception"},
        }
        for section, values in (config or {}).items():
            sections.setdefault(section, {}).update(values)
        (self.folder / "parley.toml").write_text(toml(sections))
        self._process = subprocess.Popen(
            [program("engine/parleyd"), "--config", str(self.folder / "parley.toml")],
            stdout=subprocess.PIPE, stderr=self.log.open("w"), stdin=subprocess.DEVNULL, text=True)
        self.pid = self._process.pid
        try:
            ready = self._wait_ready(ready_s)
        except EngineError:
            self.stop()
            raise
        self.sip, self.control = ready["sip"], ready["control"]

    def _wait_ready(self, seconds: float) -> dict:
        lines: queue.Queue = queue.Queue()

        def read():
            for line in self._process.stdout:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        try:
            line = lines.get(timeout=seconds)
        except queue.Empty:
            raise EngineError(f"parleyd was not ready within {seconds:.0f} s; see {self.log}") from None
        if not line:
            raise EngineError(f"parleyd ended before it was ready: {self.log_tail()}")
        ready = json.loads(line)
        if not ready.get("ready"):
            raise EngineError(f"parleyd's first line does not say that it is ready: {line}")
        return ready

    def log_tail(self, count: int = 3) -> str:
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self, seconds: float = 35) -> int | None:
        """SIGTERM, then SIGKILL when it takes longer than it may. The exit code."""
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def kill(self):
        """Sudden death."""
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # What is stored.

    def query(self, sql: str, *values) -> list[dict]:
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values)]

    def calls(self) -> list[dict]:
        return self.query("SELECT * FROM calls ORDER BY started_at, id")

    def events(self, call: str) -> list[dict]:
        rows = self.query("SELECT seq, at, kind, body FROM events WHERE call_id = ? ORDER BY seq", call)
        return [{**row, "body": json.loads(row["body"])} for row in rows]

    def transcript(self, call: str) -> list[dict]:
        return self.query(
            "SELECT * FROM call_transcript_entries WHERE call_id = ? ORDER BY sequence_number", call)

    def wait_ended(self, count: int = 1, seconds: float = 10) -> list[dict]:
        """The calls, once `count` of them are stored as ended."""
        deadline = time.monotonic() + seconds
        while True:
            calls = self.calls()
            if sum(call["state"] == "ended" for call in calls) >= count:
                return calls
            if time.monotonic() > deadline:
                states = [call["state"] for call in calls]
                raise EngineError(f"{count} calls were to be stored as ended within {seconds:.0f} s: {states}")
            time.sleep(0.05)
