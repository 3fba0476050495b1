"""Whatever is wrong: one line on stderr, nothing on stdout, an exit code that says which kind."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from sagewai.cli.exits import Exit
from tests.cli.console import FLOWS, Command, Inside

STRANGE = [
    "nobody",
    "it's",
    'a"b',
    "../../etc/passwd",
    "%00",
    "a;drop table runs--",
    "x\x1b[2J\x07",
    "\u202eevil",
    "é日",
]
"""Run ids that nobody has; the last is no stranger than a name may be."""


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_an_unknown_run_is_named_harmlessly(inside_each: Inside) -> None:
    for run in [*STRANGE, "", " ", "x" * 10_000]:
        for verb in (("runs", "show"), ("runs", "watch"), ("approvals", "show"), ("dlq", "show")):
            said = inside_each(*verb, "--", run)
            assert said.complaint.startswith("sagewai: ")
            assert said.code == Exit.NOT_FOUND


@pytest.mark.parametrize(
    "verb",
    [
        ["runs", "timeline", "nobody"],
        ["runs", "retry", "nobody"],
        ["runs", "cancel", "nobody"],
        ["runs", "pause", "nobody"],
        ["runs", "resume", "nobody"],
        ["runs", "priority", "nobody", "1"],
        ["approvals", "approve", "nobody"],
        ["approvals", "reject", "nobody", "--reason", "no"],
        ["dlq", "retry", "nobody"],
        ["dlq", "discard", "nobody"],
    ],
    ids=lambda verb: " ".join(verb[:2]),
)
def test_every_verb_names_the_run_it_cant_find(inside: Inside, verb: list[str]) -> None:
    said = inside(*verb)

    assert "'nobody'" in said.complaint
    assert said.code == Exit.NOT_FOUND


def test_strange_ids_can_be_submitted_and_found_again(inside_each: Inside) -> None:
    for run in STRANGE:
        said = inside_each(
            "submit", "greeting", "--run-id", run, "--input", '{"topic": "x"}', "--from", FLOWS
        )
        assert (said.code, said.out.count("\n"), said.out[:-1].isprintable()) == (Exit.OK, 1, True)
        assert inside_each("runs", "show", "--json", "--", run).json["run_id"] == run
    shown = inside_each("runs", "list")
    assert all(line.isprintable() for line in shown.out.split("\n"))


@pytest.mark.parametrize(
    ("url", "code", "complaint"),
    [
        ("", Exit.USAGE, "store URL"),
        ("nonsense", Exit.USAGE, "needs a scheme"),
        ("mysql://host/db", Exit.USAGE, "no store speaks 'mysql'"),
        ("sqlite://", Exit.USAGE, "sqlite:///"),
        ("sqlite:///x.db?mode=ro", Exit.USAGE, "sqlite:///"),
        ("postgresql://host:port/db", Exit.USAGE, "PostgreSQL URL"),
        ("postgresql://[::1/db", Exit.USAGE, "PostgreSQL URL"),
        ("memory://", Exit.USAGE, "inside one process"),
        ("sqlite:////proc/nowhere/runs.db", Exit.STORE, "/proc/nowhere"),
    ],
)
def test_a_store_url_that_leads_nowhere(inside: Inside, url: str, code: Exit, complaint: str) -> None:
    said = inside("runs", "list", "--store", url)

    assert complaint in said.complaint
    assert said.code == code


def test_a_file_that_is_no_database(bare: Command) -> None:
    (bare.folder / "notes.txt").write_text("These are my notes.\n" * 100)
    said = bare("runs", "list", "--store", f"sqlite:///{bare.folder}/notes.txt")

    assert "notes.txt" in said.complaint
    assert said.code == Exit.STORE


def test_a_database_that_doesnt_answer(bare: Command, closed_port: int) -> None:
    for verb in (("runs", "list"), ("db", "check"), ("submit", "greeting"), ("worker", FLOWS)):
        said = bare(*verb, SAGEWAI_STORE=f"postgresql://ann:hunter2@127.0.0.1:{closed_port}/x")
        complaint = said.err.splitlines()[-1]

        assert said.out == ""
        assert str(closed_port) in complaint
        assert "hunter2" not in said.err
        assert said.code == Exit.STORE


def test_a_password_on_the_command_line_is_warned_about_and_not_repeated(
    bare: Command, closed_port: int
) -> None:
    for url in (
        f"postgresql://ann:hunter2@127.0.0.1:{closed_port}/x",
        f"postgresql://127.0.0.1:{closed_port}/x?user=ann&password=hunter2",
    ):
        said = bare("runs", "list", "--store", url)
        warning, complaint = said.err.splitlines()
        assert warning.startswith("sagewai: warning: --store carries a password")
        assert complaint.startswith("sagewai: ")
        assert "hunter2" not in said.err


def test_a_schema_is_checked_made_and_checked_again(inside_empty: Inside) -> None:
    before = inside_empty("db", "check", "--json")
    assert before.code == Exit.STORE

    made = inside_empty("db", "migrate", "--json").json
    assert made["schema"] == made["expected"] >= 1
    assert inside_empty("db", "check", "--json").json == made


@pytest.mark.parametrize(
    ("workflow", "values", "code", "complaint"),
    [
        (
            "greetings",
            {"topic": "x"},
            Exit.NOT_FOUND,
            "no code for workflow 'greetings' here; known: board, greeting, ",
        ),
        ("greeting", {}, Exit.USAGE, "needs 'topic'"),
        ("greeting", {"topic": "x", "tpoic": "y"}, Exit.USAGE, "takes 'tpoic'; it takes times, topic"),
        ("greeting", {"topic": "x", "times": "many"}, Exit.USAGE, "input 'times' of step 'draft'"),
        ("greeting", {"topic": None}, Exit.USAGE, "input 'topic' of step 'draft'"),
    ],
)
def test_input_is_checked_against_the_code(
    inside: Inside, workflow: str, values: dict[str, object], code: Exit, complaint: str
) -> None:
    said = inside("submit", workflow, "--from", FLOWS, "--input", json.dumps(values))

    assert complaint in said.complaint
    assert said.code == code


def test_a_payload_past_the_limit_is_refused(inside: Inside) -> None:
    for size, source in {2_000_001: "@big.json", 17_000_000: "-"}.items():
        text = json.dumps({"topic": "x" * size})
        (inside.folder / "big.json").write_text(text)
        said = inside("submit", "greeting", "--input", source, stdin=text)
        assert "store it elsewhere" in said.complaint
        assert said.code == Exit.USAGE


def test_deep_input_that_is_allowed_comes_back_whole(inside: Inside) -> None:
    deep: object = "core"
    for _ in range(390):
        deep = [deep]
    inside("submit", "greeting", "--run-id", "deep", "--input", json.dumps({"topic": deep}))

    assert inside("runs", "show", "deep", "--json").json["input"] == {"topic": deep}
    assert inside("runs", "show", "deep").code == Exit.OK


def test_strange_characters_in_input_come_back_and_are_shown_harmlessly(inside: Inside) -> None:
    text = '{"topic": "a\\u0000b\\ud800c\\u001b[2J\\u202e"}'
    inside("submit", "greeting", "--run-id", "odd", "--input", text)

    assert inside("runs", "show", "odd", "--json").json["input"] == json.loads(text)
    shown = inside("runs", "show", "odd")
    assert all(line.isprintable() for line in shown.out.split("\n"))
