"""Bad input through `sagewai`: on the command line, in files and on stdin; and a $USER that somebody forged."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import random
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sagewai.cli.exits import Exit
from sagewai.core.stores.base import Store
from tests.cli.console import Command, Inside, Said
from tests.contract.scene import Scene
from tests.faults import corpus
from tests.faults.corpus import Case
from tests.faults.report import Fault
from tests.faults.score import Score, same

LONGEST_ARGUMENT = 100_000
"""Bytes; the system takes little more."""

REFUSALS = {Exit.USAGE, Exit.NOT_FOUND, Exit.CONFLICT}

T = TypeVar("T")


class Typist:
    """Types commands: some into a process of their own, as everybody does, most into this one, which is quicker."""

    def __init__(self, url: str, folder: Path, rng: random.Random, *, long: bool) -> None:
        self.score = Score()
        self.processes = 0
        self._inside = Inside(url, folder)
        self._command = Command(url, folder)
        self._rng = rng
        self._long = long
        self._numbers = iter(range(1_000_000))

    @property
    def folder(self) -> Path:
        return self._inside.folder

    def run_id(self) -> str:
        return f"typed-{next(self._numbers)}"

    def some(self, cases: Sequence[T], count: int) -> Sequence[T]:
        """All of them, or so many that chance picks for the short form."""
        return cases if self._long or len(cases) <= count else self._rng.sample(cases, count)

    def __call__(self, *arguments: str | bytes, stdin: bytes | None = None) -> Said:
        own = self._rng.random() < (0.1 if self._long else 0.05)
        self.processes += own
        return (self._command if own else self._inside)(*arguments, stdin=stdin)

    def shown(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return self._inside("--json", *arguments).json

    def judge(self, place: str, case: Case, said: Said, read: Callable[[], Any], *words: str) -> None:
        """A refusal is one line that names the place, and what is printed never acts on a terminal."""
        if acts(said.out + said.err):
            self.score.note(place, case, f"printed what acts: {(said.out + said.err)[:200]!a}")
        elif said.code == Exit.OK:
            self.score.came_back(place, case, read())
        elif said.code not in REFUSALS or said.out or said.err.count("\n") != 1:
            self.score.note(place, case, f"ended with {said.code}: {said.err[:300]!a}")
        else:
            self.score.refused(place, case, said.err.rstrip("\n"), *words)


@pytest.fixture
def typist(store: Store, store_url: str, tmp_path: Path, rng: random.Random, long: bool) -> Typist:
    return Typist(store_url, tmp_path, rng, long=long)


@pytest.mark.one_database_when_short
@pytest.mark.parametrize("source", ["argument", "file", "stdin"])
def test_input(fault: Fault, typist: Typist, source: str) -> None:
    for case, text in typist.some(documents(), 5):
        run_id = typist.run_id()
        submit = ("submit", "echo", "--run-id", run_id)
        if source == "argument":
            if len(text) > LONGEST_ARGUMENT or b"\0" in text:
                continue
            said = typist(*submit, b"--input=" + text)
        elif source == "file":
            (typist.folder / "input.json").write_bytes(text)
            said = typist(*submit, "--input", "@input.json")
        else:
            said = typist(*submit, "--input", "-", stdin=text)
        typist.judge("input", case, said, partial(input_of, typist, run_id), "input")
    finish(fault, typist, f"input as {source}")


@pytest.mark.one_database_when_short
def test_names_labels_and_tags(fault: Fault, typist: Typist) -> None:
    """What has to be taken goes to every place at once; what has to be refused to each by itself."""
    for case in typist.some(corpus.names(), 12):
        text = case.value
        if "\0" in text or len(text) > LONGEST_ARGUMENT:
            continue  # no command line holds it
        options = {"run id": "--run-id=", "pool": "--pool=", "label": "--label=k=", "tag": "--tag=k="}
        arguments = {
            place: (option + text).encode("utf-8", "surrogatepass") for place, option in options.items()
        }
        if case.kept:
            # In its JSON quotes a label's value is text, whatever it looks like.
            arguments["label"] = ("--label=k=" + json.dumps(text)).encode()
            said = typist("submit", *arguments.values(), "--", text)

            def read(text: str = text) -> Any:
                run = typist.shown("runs", "show", "--", text)
                return [run["run_id"], run["pool"], run["labels"]["k"], run["tags"]["k"], run["workflow"]]

            typist.judge("every name", Case(case.name, [text] * 5, True), said, read)
            typist.score.total += 4
            continue
        for place, argument in arguments.items():
            blank = place in ("label", "tag") and len(text) <= 200 and not text.strip()
            said = typist("submit", argument, "echo")
            words = {"run id": "--run-id", "pool": "--pool", "label": "label", "tag": "tag"}
            typist.judge(place, Case(case.name, text, blank), said, partial(str, text), words[place])
    for place, arguments_, words_ in typist.some(ODD_OPTIONS, 8):
        said = typist("submit", "echo", *arguments_)
        typist.judge(place, Case(" ".join(arguments_)[:60], None, False), said, lambda: None, *words_)
    finish(fault, typist, "names")


@pytest.mark.one_database_when_short
def test_numbers(fault: Fault, typist: Typist) -> None:
    huge = "9" * 5_000
    nonsense = [
        "",
        " ",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "abc",
        "1,5",
        "0x10",
        "--",
        huge,
        "-" + huge,
        "1\x1b[2J",
        "½",
    ]
    for text in typist.some([*nonsense, "1.5", "1001", "-1001", "9223372036854775808"], 8):
        said = typist("submit", "echo", f"--priority={text}")
        typist.judge("priority", Case(text[:40], None, False), said, lambda: "taken", "priority")
    for text in ["-1000", "0", "1000"]:
        run_id = typist.run_id()
        said = typist("submit", "echo", f"--priority={text}", f"--run-id={run_id}")
        typist.judge("priority", Case(text, int(text), True), said, lambda: show(typist, run_id)["priority"])  # noqa: B023
    for text in typist.some([*nonsense, "-1", "1w", "1e3", "99999999999999d", "1h30m"], 8):
        said = typist("submit", "echo", f"--delay={text}")
        typist.judge("delay", Case(text[:40], None, False), said, lambda: "taken", "delay", "duration")
    for option in ("heartbeat-interval", "poll-interval", "lease-ttl", "drain-timeout", "max-concurrent"):
        for text in typist.some([*nonsense, "-1", "9223372036854775808"], 4):
            said = typist("worker", "tests.cli.flows:workflows", f"--{option}={text}")
            words = (option, option.replace("-", "_"))
            typist.judge(option, Case(text[:40], None, False), said, lambda: "taken", *words)
    for text in typist.some([*nonsense, "1.5", "1001"], 6):
        said = typist("runs", "priority", "nobody", "--", text)
        typist.judge(
            "runs priority", Case(text[:40], None, False), said, lambda: "taken", "priority", "PRIORITY"
        )
    finish(fault, typist, "numbers")


@pytest.mark.one_database_when_short
def test_reasons_and_signals(fault: Fault, typist: Typist, store: Store, store_url: str) -> None:
    reasons = [
        case for case in corpus.texts() if "\0" not in case.value and len(case.value) < LONGEST_ARGUMENT
    ]
    reasons = list(typist.some(reasons, 6))
    asyncio.run(wait_for_people(store_url, [f"asks-{number}" for number in range(2 * len(reasons))]))
    for number, case in enumerate(reasons):
        storable = not any("\ud800" <= letter <= "\udfff" for letter in case.value)
        reason = b"--reason=" + case.value.encode("utf-8", "surrogatepass")
        for verb in ("approve", "reject"):
            run_id = f"asks-{2 * number + (verb == 'reject')}"
            kept = storable and len(case.value) <= 4_000 and (verb == "approve" or bool(case.value.strip()))
            typist.judge(
                f"reason to {verb}",
                Case(case.name, case.value, kept),
                typist("approvals", verb, reason, run_id),
                lambda run_id=run_id: typist.shown("approvals", "show", run_id)["decision"]["reason"],  # type: ignore[misc]
                "reason",
            )
    asyncio.run(wait_for_people(store_url, ["signalled"]))
    for case, text in typist.some(documents(), 8):
        payload = text[len(b'{"value": ') : -1] if text.startswith(b'{"value": ') else None
        if payload is None or case.name.startswith("a key twice"):
            continue
        said = typist("runs", "signal", "signalled", "news", "--payload", "-", stdin=payload)
        typist.judge(
            "payload",
            case,
            said,
            lambda: typist.shown("runs", "signals", "signalled")["signals"][-1]["payload"],
            "payload",
        )
    finish(fault, typist, "reasons and signals")


@pytest.mark.one_database_when_short
def test_a_forged_user_is_nobody(
    fault: Fault, store: Store, store_url: str, tmp_path: Path, long: bool
) -> None:
    """Who decides is the account of the process, whatever the environment says."""
    account = pwd.getpwuid(os.getuid()).pw_name
    score = Score()
    names = ("root\x1b[2J", "ann", "", "\u202etoor", "../../x")
    for number, name in enumerate(names if long else names[:2]):
        run_id = f"forged-{number}"
        asyncio.run(wait_for_people(store_url, [run_id]))
        forged = dict.fromkeys(("USER", "LOGNAME", "USERNAME", "LNAME", "SUDO_USER"), name)
        said = Command(store_url, tmp_path)("approvals", "approve", run_id, "--json", **forged)
        case = Case(f"$USER {name!a}", account, True)
        score.came_back("reviewer", case, said.json["decision"]["reviewer"]["name"].partition("@")[0])
    fault.figure(f"forged users {score.figure}")
    fault.check(score.problems)


ODD_OPTIONS: Sequence[tuple[str, Sequence[str], Sequence[str]]] = (
    ("label", ["--label", "k"], ["label"]),
    ("label", ["--label", "=v"], ["label"]),
    ("label", ["--label", "k=NaN"], ["label"]),
    ("label", ["--label", "k=1e400"], ["label"]),
    ("label", ["--label", "k=9223372036854775808"], ["label"]),
    ("label", ["--label", "k=[1]"], ["label"]),
    ("label", ["--label", "k=null"], ["label"]),
    ("label", ["--label", "k=True"], ["label"]),
    ("label", ["--label", "k=1", "--label", "k=2"], ["label"]),
    ("label", [each for n in range(33) for each in ("--label", f"k{n}=1")], ["label"]),
    ("tag", ["--tag", "k"], ["tag"]),
    ("tag", ["--tag", "=v"], ["tag"]),
    ("tag", ["--tag", "k=1", "--tag", "k=2"], ["tag"]),
    ("input", ["--input", "@nowhere.json"], ["nowhere.json"]),
    ("input", ["--input", "@/dev"], ["/dev"]),
    ("input", ["--input", "@"], ["input"]),
    ("from", ["--from", "nowhere:at_all"], ["nowhere"]),
    ("from", ["--from", "no colon"], ["no colon"]),
    ("from", ["--from", "os:\x1b[2J"], ["os"]),
    ("option", ["--no-such-option\x1b[2J"], ["no-such-option"]),
)


def documents() -> list[tuple[Case, bytes]]:
    """JSON as it is typed, piped or saved; each holds its value under ``value``."""
    plain = [case for case in [*corpus.texts(), *corpus.values()] if is_json(case)]
    made = [(case, b'{"value": ' + json.dumps(case.value).encode() + b"}") for case in plain]
    utf8 = [
        (
            Case(f"{case.name} in UTF-8", case.value, True),
            f'{{"value": {json.dumps(case.value, ensure_ascii=False)}}}'.encode(),
        )
        for case in plain
        if isinstance(case.value, str)
        and case.kept
        and not any("\ud800" <= each <= "\udfff" for each in case.value)
    ]
    wrong = {
        "NaN": b'{"value": NaN}',
        "infinity": b'{"value": -Infinity}',
        "1e400": b'{"value": 1e400}',
        "-1e400 inside": b'{"value": [{"a": -1e400}]}',
        "5,000 digits": b'{"value": ' + b"7" * 5_000 + b"}",
        "depth 2,000": b'{"value": ' + b"[" * 2_000 + b"]" * 2_000 + b"}",
        "depth 100,000": b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "a key twice": b'{"value": 1, "value": 2}',
        "a key twice inside": b'{"value": {"a": 1, "a": 2}}',
        "nothing": b"",
        "a blank": b" ",
        "null": b"null",
        "a list": b'[{"value": 1}]',
        "a text": b'"value"',
        "no JSON": b"{value: 1}",
        "something behind it": b'{"value": 1} x',
        "cut off": b'{"value": "abc',
        "a raw control": b'{"value": "a\x1b[2Jb"}',
        "a raw NUL": b'{"value": "a\0b"}',
        "not UTF-8": b'{"value": "\xff\xfe"}',
        "a surrogate in UTF-8": b'{"value": "\xed\xa0\x80"}',
        "UTF-16": '{"value": 1}'.encode("utf-16"),
    }
    return [*made, *utf8, *((Case(name, None, False), text) for name, text in wrong.items())]


def acts(text: str) -> bool:
    """Whether a terminal would do anything but show it: a space of whatever width is only a space."""
    return any(
        not each.isprintable() and each != "\n" and unicodedata.category(each) != "Zs" for each in text
    )


def is_json(case: Case) -> bool:
    """Whether Python would write it, and read the same from what it wrote."""
    try:
        return same(json.loads(json.dumps(case.value, allow_nan=False)), case.value)
    except (TypeError, ValueError, RecursionError, RuntimeError):
        return False


def input_of(typist: Typist, run_id: str) -> Any:
    return show(typist, run_id)["input"]["value"]


def show(typist: Typist, run_id: str) -> Any:
    return typist.shown("runs", "show", run_id)


async def wait_for_people(url: str, runs: Sequence[str]) -> None:
    """Runs that wait for an approval."""
    from sagewai.core.stores.url import open_store

    async with open_store(url) as store:
        scene = Scene(store)
        session = await scene.session()
        for run_id in runs:
            await (await scene.own(run_id, session=session)).park()


def finish(fault: Fault, typist: Typist, place: str) -> None:
    fault.figure(f"CLI {place} {typist.score.figure}")
    fault.check(typist.score.problems)
