"""sound: speech in recordings by its level, and G.711 captures for sipp. Standard library only."""

import array
import math
import struct
import wave
from pathlib import Path

FRAME = 160  # 20 ms at 8 kHz
VOICED_RMS = 130


def read_channels(path: Path) -> tuple[int, list[array.array]]:
    """(rate, a list of samples a channel) of a WAV file of 16 bits."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: 16 bits are needed")
        samples = array.array("h", file.readframes(file.getnframes()))
        count = file.getnchannels()
        return file.getframerate(), [samples[channel::count] for channel in range(count)]


def voiced_frames(samples, rate: int = 8000) -> list[bool]:
    frame = rate // 50
    found = []
    for at in range(0, len(samples) - frame + 1, frame):
        power = sum(s * s for s in samples[at:at + frame]) / frame
        found.append(math.sqrt(power) >= VOICED_RMS)
    return found


def segments(samples, rate: int = 8000, pause_ms: int = 300, least_ms: int = 60) -> list[tuple[int, int]]:
    """Stretches of speech in ms, (start, end); pauses of up to `pause_ms` belong to one."""
    found: list[list[int]] = []
    for index, voiced in enumerate(voiced_frames(samples, rate)):
        if not voiced:
            continue
        at = index * 20
        if found and at - found[-1][1] <= pause_ms:
            found[-1][1] = at + 20
        else:
            found.append([at, at + 20])
    return [(start, end) for start, end in found if end - start >= least_ms]


def levels(samples, rate: int = 8000) -> list[float]:
    """How loud each 20 ms are, in dB, from the quietest that a telephone lets one hear."""
    frame = rate // 50
    return [10 * math.log10(max(sum(s * s for s in samples[at:at + frame]) / frame, VOICED_RMS ** 2))
            for at in range(0, len(samples) - frame + 1, frame)]


def likeness(one: list[float], other: list[float]) -> float:
    """How alike two sounds rise and fall, by their levels, where they fit best: 1 is the same."""
    def correlation(a, b):
        mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
        together = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
        apart = math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
        return together / apart if apart else 0.0

    best = 0.0
    for shift in range(-len(other) // 2, len(one) // 2):
        first, second = one[max(shift, 0):], other[max(-shift, 0):]
        length = min(len(first), len(second))
        if length * 2 >= min(len(one), len(other)):
            best = max(best, correlation(first[:length], second[:length]))
    return best


def voiced_ms(samples, rate: int = 8000) -> int:
    return 20 * sum(voiced_frames(samples, rate))


def mu_law(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


def from_mu_law(code: int) -> int:
    bits = ~code & 0xFF
    magnitude = (((bits & 0x0F) << 3) + 132) << (bits >> 4 & 7)
    return 132 - magnitude if bits & 0x80 else magnitude - 132


def from_a_law(code: int) -> int:
    bits = code ^ 0x55
    exponent = bits >> 4 & 7
    magnitude = (bits & 0x0F) << 4 | 8
    if exponent > 0:
        magnitude = (magnitude | 0x100) << (exponent - 1)
    return magnitude if bits & 0x80 else -magnitude


def write_pcap(path: Path, samples) -> int:
    """A capture of PCMU RTP as sipp plays it: Ethernet, IPv4, UDP, 20 ms a packet. The packets' count."""
    silence = -len(samples) % FRAME
    samples = list(samples) + [0] * silence
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        count = len(samples) // FRAME
        for index in range(count):
            payload = bytes(mu_law(s) for s in samples[index * FRAME:(index + 1) * FRAME])
            rtp = struct.pack("!BBHII", 0x80, 0x80 if index == 0 else 0, 1000 + index & 0xFFFF,
                              index * FRAME, 0x50415243) + payload
            udp = struct.pack("!HHHH", 6000, 6000, 8 + len(rtp), 0) + rtp
            ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), index & 0xFFFF, 0, 64, 17, 0,
                             0x7F000001, 0x7F000001) + udp
            frame = bytes(12) + b"\x08\x00" + ip
            at_us = index * 20_000
            file.write(struct.pack("<IIII", at_us // 1_000_000, at_us % 1_000_000, len(frame), len(frame)))
            file.write(frame)
    return count
