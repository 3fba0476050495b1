"""The headless twin of each action: the command line that would have done the same. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from tui.format import exact

RunVerb = Literal["cancel", "pause", "resume", "retry", "discard"]
WorkerVerb = Literal["drain", "pause", "resume"]
Decided = Literal["approve", "reject"]
AttendVerb = Literal["claim", "release", "snooze"]

_NAMED = 12
"""Runs that a command line names at most."""

_NOUNS: dict[RunVerb, str] = {
    "cancel": "runs",
    "pause": "runs",
    "resume": "runs",
    "retry": "dlq",
    "discard": "dlq",
}


def operate(verb: RunVerb, run_id: str, reason: str = "", worker: str = "") -> str:
    """``sagewai runs resume RUN --worker NAME --reason …``."""
    return _line(_NOUNS[verb], verb, run_id, worker=worker, reason=reason)


def decide(
    verdict: Decided, run_id: str, approval_id: int, digest: str, reason: str, edited: str | None = None
) -> str:
    """``sagewai approvals approve RUN --approval N --digest D --reason … --edit JSON``."""
    options = {"approval": str(approval_id), "digest": digest, "reason": reason, "edit": edited or ""}
    return _line("approvals", verdict, run_id, **options)


def attend(verb: AttendVerb, run_id: str, approval_id: int, **options: str) -> str:
    """``sagewai approvals claim RUN --approval N --for 10m``."""
    return _line("approvals", verb, run_id, approval=str(approval_id), **options)


def comment(run_id: str, approval_id: int, text: str) -> str:
    """``sagewai approvals comment RUN TEXT --approval N``."""
    words = [run_id, text, "--approval", str(approval_id)]
    if run_id.startswith("-") or text.startswith("-"):
        words = [*words[2:], "--", run_id, text]
    return shlex.join(["sagewai", "approvals", "comment", *words])


def worker(verb: WorkerVerb, name: str, reason: str = "") -> str:
    """``sagewai workers drain NAME``."""
    return _line("workers", verb, name, reason=reason)


def pool(verb: WorkerVerb, name: str, reason: str = "") -> str:
    """``sagewai pools pause NAME``."""
    return _line("pools", verb, name, reason=reason)


def fork(run_id: str, new_run_id: str, step: str | None, edited: str | None, reason: str) -> str:
    """``sagewai runs fork RUN --run-id NEW --from-step STEP --input JSON --reason …``."""
    options = {"run_id": new_run_id, "from_step": step or "", "input": edited or "", "reason": reason}
    return _line("runs", "fork", run_id, **options)


def signal(run_id: str, name: str, payload: str) -> str:
    """``sagewai runs signal RUN NAME --payload JSON``."""
    words = ["--payload", payload, "--", run_id, name]
    if not run_id.startswith("-") and not name.startswith("-"):
        words = [run_id, name, "--payload", payload]
    return shlex.join(["sagewai", "runs", "signal", *words])


def step(run_id: str, worker: str) -> str:
    """``sagewai runs step RUN --worker NAME``."""
    return _line("runs", "step", run_id, worker=worker)


def bulk(verb: RunVerb, run_ids: Sequence[str], options: Mapping[str, str] | None) -> str:
    """``sagewai bulk retry --yes --error TYPE``, or with the runs' ids; where those are many, or one would be taken for
    a file's name, for a file that has them."""
    words = ["sagewai", "bulk", verb, "--yes"]
    if options is not None:
        for name, value in options.items():
            if name == "status":
                words += [word for status in value.split() for word in ("--status", status)]
            elif name == "all" or value.startswith("-"):
                words.append(f"--{name}={value}".removesuffix("="))
            elif value:
                words += [f"--{name}", value]
        return shlex.join(words)
    if len(run_ids) > _NAMED or any(run_id == "-" or run_id.startswith("@") for run_id in run_ids):
        return f"{shlex.join([*words, '@RUNS'])}  # a file with the {exact(len(run_ids), 'id')}, one a line"
    dashed = any(run_id.startswith("-") for run_id in run_ids)
    return shlex.join([*words, *(["--"] if dashed else []), *run_ids])


def export(run_ids: Sequence[str], path: str) -> str:
    """``sagewai runs export RUN > FILE``."""
    named, more = run_ids[:_NAMED], len(run_ids) - _NAMED
    words = [
        "sagewai",
        "runs",
        "export",
        *(["--"] if any(each.startswith("-") for each in named) else []),
        *named,
    ]
    return f"{shlex.join(words)}{_into(path)}" + (f"  # and {exact(more, 'run')} more" if more > 0 else "")


def export_errors(error_type: str, path: str) -> str:
    """``sagewai runs export --error TYPE > FILE``."""
    return f"{shlex.join(['sagewai', 'runs', 'export', f'--error={error_type}'])}{_into(path)}"


def local_worker(arguments: Sequence[str]) -> str:
    """``sagewai worker --pool=P -- MODULE:NAME``."""
    return shlex.join(["sagewai", *arguments])


def stop_bulk(job: int) -> str:
    """``sagewai bulk stop 3``."""
    return shlex.join(["sagewai", "bulk", "stop", str(job)])


def _into(path: str) -> str:
    return f" > {shlex.quote(path)}" if path else ""


def _line(noun: str, verb: str, subject: str, **options: str) -> str:
    """Values and ids that begin with a dash would be taken for options, so they are tied to theirs or come last."""
    named: list[str] = []
    for name, value in options.items():
        option = name.replace("_", "-")
        if value.startswith("-"):
            named.append(f"--{option}={value}")
        elif value:
            named += [f"--{option}", value]
    last = ["--", subject] if subject.startswith("-") else []
    first = [] if last else [subject]
    return shlex.join(["sagewai", noun, verb, *first, *named, *last])
