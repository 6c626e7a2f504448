#!/usr/bin/env python3
"""Every line of pipelines/tests does what its head says: ends with 0, or with 1 where it must fail; the
same line gives the same messages; what each codec sounds like with losses is printed.

  testkit_test.py PLUGIN_DIR SOURCE_ROOT
"""
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

plugins, root = Path(sys.argv[1]), Path(sys.argv[2])
lines = root / "pipelines/tests"
PLAIN = ["conversation", "interruption", "keys", "silence", "bad-line", "skew"]
MUST_FAIL = {"must-fail": '"bob" was to be heard', "must-fail-caller": "The caller's script failed"}
LOSSES = [0, 1, 5, 10, 30]  # percent
LEAST_DB = {"PCMU": [35, 34, 30, 26, 13], "PCMA": [35, 34, 30, 26, 13], "G722": [35, 30, 22, 15, 4], "opus": [35, 33, 30, 27, 16]}  # segmental SNR
LEAST_CONCEALED = 95  # percent of what was lost
TEN_MINUTES_CPU_S = 2.0  # on any machine; under one on a desktop's core


class Ran:
    def __init__(self, folder: Path, name: str, **holes):
        text = " ".join(line for line in (lines / f"{name}.launch").read_text().splitlines() if not line.startswith("#"))
        for hole, value in holes.items():
            text = text.replace("${" + hole + "}", str(value))
        env = dict(os.environ, PARLEY_TIME="virtual", GST_PLUGIN_PATH=str(plugins), GST_REGISTRY=str(folder / "registry.bin"))
        began = time.monotonic()
        with open(folder / "out", "w+") as out:
            process = subprocess.Popen(["gst-launch-1.0", "-m", *shlex.split(text)], env=env, stdout=out, stderr=out)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall_s, self.cpu_s = time.monotonic() - began, usage.ru_utime + usage.ru_stime
            self.code = os.waitstatus_to_exitcode(status)
            out.seek(0)
            self.out = out.read()
        self.name = name

    def field(self, message: str, field: str) -> float:
        found = re.findall(rf"\(element\): parley-{message}, .*?\b{field}=\(\w+\)([-\d.]+)", self.out)
        if not found:
            self.wrong(f"no message parley-{message} with {field}")
        return float(found[-1])

    def messages(self) -> list[str]:
        """What the elements told, without the numbers that gst-launch-1.0 gives its lines."""
        return re.findall(r"\(element\): (parley-.*)", self.out)

    def wrong(self, what: str):
        sys.exit(f"{self.name}: {what}\n{self.out[-4000:]}")

    def right(self):
        if self.code != 0:
            self.wrong(f"ended with {self.code}")
        return self


def plain(folder: Path) -> None:
    for name in PLAIN:
        first, second = Ran(folder, name).right(), Ran(folder, name).right()
        if first.messages() != second.messages():
            first.wrong("two runs told different things")
        print(f"{name}: right, twice the same, {len(first.messages())} messages, {first.cpu_s:.2f} s of CPU")


def must_fail(folder: Path) -> None:
    for name, why in MUST_FAIL.items():
        ran = Ran(folder, name)
        if ran.code != 1 or why not in ran.out:
            ran.wrong(f"was to end with 1 and say '{why}'; it ended with {ran.code}")
        print(f"{name}: failed, as it must")


def ten_minutes(folder: Path) -> None:
    ran = Ran(folder, "ten-minutes").right()
    length = ran.field("assert", "duration-ms") / 1000
    print(f"ten-minutes: {length:.0f} s of call in {ran.cpu_s:.2f} s of CPU, {ran.wall_s:.2f} s by the wall")
    if ran.cpu_s > TEN_MINUTES_CPU_S:
        ran.wrong(f"took more than {TEN_MINUTES_CPU_S} s of CPU")


def losses(folder: Path, codec: str) -> None:
    reference = folder / f"{codec}.wav"
    Ran(folder, "reference", CODEC=codec, FILE=reference).right()
    print(f"{codec:8} lost %   of that concealed %   segmental SNR, dB")
    before = 100.0
    for loss, least in zip(LOSSES, LEAST_DB[codec]):
        ran = Ran(folder, "loss", CODEC=codec, FILE=reference, LOSS=loss, MIN_SNR=least).right()
        lost = 100 * ran.field("netsim", "lost") / ran.field("netsim", "sent")
        snr, concealed = ran.field("assert", "snr-db"), ran.field("netsim", "concealed-percent")
        share = 100 * concealed / lost if lost else 100
        print(f"{loss:5} %  {lost:6.1f}   {share:19.1f}   {snr:17.1f}")
        if share < LEAST_CONCEALED:
            ran.wrong(f"{share:.1f} % of what was lost was concealed")
        if snr > before:
            ran.wrong("sounds better than with less loss")
        before = snr


def interrupted(folder: Path) -> None:
    """In real time -e ends a line whose source would go on for a minute."""
    env = dict(os.environ, GST_PLUGIN_PATH=str(plugins), GST_REGISTRY=str(folder / "registry.bin"))
    line = "parleycaller steps='pause 60 s; hangup' ! parleynetsim ! fakesink sync=false"
    process = subprocess.Popen(["gst-launch-1.0", "-e", *shlex.split(line)], env=env, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    said = ""
    while "Redistribute latency" not in said and (more := process.stdout.readline()):
        said += more
    process.send_signal(signal.SIGINT)
    try:
        said += process.communicate(timeout=30)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit(f"an interrupted line did not end:\n{said}")
    if process.returncode != 0 or "EOS received" not in said:
        sys.exit(f"an interrupted line ended with {process.returncode}:\n{said}")
    print("interrupted: an end of stream, and the end")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        plain(folder)
        must_fail(folder)
        ten_minutes(folder)
        interrupted(folder)
        for codec in LEAST_DB:
            losses(folder, codec)


main()
