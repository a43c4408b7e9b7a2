#!/usr/bin/env python3
"""Speaks the lines of the lessons into voices/: espeak-ng, sox and opusenc.

Run it after a line or a voice of a lesson was changed, and commit what it made and removed. The name
of a file is that of src/lesson/clips.rs: FNV-1a of the voice, a line feed and the line.
"""

import pathlib
import shlex
import subprocess
import tomllib

HERE = pathlib.Path(__file__).parent
VOICES = HERE / "voices"


def name(voice: str, line: str) -> str:
    value = 0xCBF29CE484222325
    for byte in f"{voice}\n{line}".encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def lines(lesson: dict) -> list[str]:
    said = []
    for mood in lesson["moods"].values():
        said += [mood.get("opening", ""), mood.get("nudge", ""), *mood["otherwise"]]
        for answer in mood.get("answers", {}).values():
            said += answer["say"]
    return [line for line in said if line]


def speak(voice: str, line: str, file: pathlib.Path) -> None:
    spoken = subprocess.run(
        ["espeak-ng", "-v", *shlex.split(voice), "--stdout", line], check=True, capture_output=True
    ).stdout
    # As loud as the other voices of training.
    even = subprocess.run(
        ["sox", "-t", "wav", "-", "-r", "16000", "-c", "1", "-b", "16", "-t", "wav", "-", "norm", "-6"],
        input=spoken, check=True, capture_output=True,
    ).stdout
    subprocess.run(
        ["opusenc", "--quiet", "--speech", "--bitrate", "16", "--discard-comments", "--serial", "110",
         "-", str(file)],
        input=even, check=True,
    )


def main() -> None:
    VOICES.mkdir(exist_ok=True)
    wanted = set()
    for file in sorted(HERE.glob("*.toml")):
        lesson = tomllib.loads(file.read_text())
        for line in lines(lesson):
            target = VOICES / f"{name(lesson['voice'], line)}.opus"
            wanted.add(target)
            if not target.exists():
                speak(lesson["voice"], line, target)
    for stale in set(VOICES.glob("*.opus")) - wanted:
        stale.unlink()


if __name__ == "__main__":
    main()
