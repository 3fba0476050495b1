"""Pools are paused, resumed and drained, runs stepped through; what came when, and what runs cost, is listed."""

from __future__ import annotations

import re

from sagewai.cli.exits import Exit
from sagewai.core import commands
from sagewai.models.actor import Actor
from tests.cli.console import Inside
from tests.cli.test_calls import fill, steady
from tests.tui.stage import Stage

OPS = Actor("ops", source="cli", assurance="os")


async def queued(stage: Stage) -> None:
    await stage.worker("content-pipeline", pool="gpu", name="gpu-1", lease=1e6)
    await stage.submit("r-1", pool="gpu")
    await stage.submit("r-2")


def test_a_pool_is_paused_resumed_and_drained(inside_each: Inside) -> None:
    fill(inside_each, queued)
    said = inside_each("pools", "pause", "gpu", "--reason", "driver")
    assert said.out == "pool gpu is paused: 1 live worker of it will claim nothing\n"
    assert inside_each("pools", "pause", "empty\x1b[2J", "--json").json == {
        "pool": "empty\x1b[2J",
        "ask": "pause",
        "workers": 0,
    }
    head, *rows = steady(inside_each("pools", "list"))
    assert head.split()[:3] == ["POOL", "STATE", "PENDING"]
    assert [row.split()[:3] for row in rows] == [
        ["default", "open", "1"],
        ["empty␛[2J", "paused", "0"],
        ["gpu", "paused", "1"],
    ]
    listed = {pool["pool"]: pool["paused"] for pool in inside_each("pools", "list", "--json").json}
    assert listed == {"default": False, "empty\x1b[2J": True, "gpu": True}
    [asked] = [
        entry for entry in inside_each("audit", "list", "--json").json if entry["detail"]["pool"] == "gpu"
    ]
    assert (asked["kind"], asked["reason"]) == ("pool_asked", "driver")

    assert inside_each("pools", "resume", "gpu").out == "pool gpu is open: 1 live worker of it may claim\n"
    assert inside_each("pools", "drain", "gpu").out == "pool gpu drains: 1 live worker of it asked\n"
    [drained, *_] = [each for each in inside_each("workers", "list", "--json").json if each["pool"] == "gpu"]
    assert drained["asked"] == "drain"
    assert inside_each("pools", "pause", "").code == Exit.USAGE


def test_a_run_is_stepped_and_only_a_paused_one(inside: Inside) -> None:
    fill(inside, queued)
    assert "it is pending" in inside("runs", "step", "r-1").complaint
    inside("runs", "pause", "r-1")
    stepped = inside("runs", "step", "r-1", "--reason", "look", "--json").json
    assert (stepped["status"], stepped["asked"]) == ("pending", "pause")
    assert "pending!pause" in inside("runs", "list").out
    assert inside("runs", "resume", "r-1", "--json").json["asked"] is None

    inside("runs", "pause", "r-1")
    assert (
        "no live worker has the id or name 'nobody'"
        in inside("runs", "step", "r-1", "--worker", "nobody").complaint
    )
    assert inside("runs", "resume", "r-1", "--worker", "gpu-1").code == Exit.OK
    [first, _] = inside("workers", "list", "--json").json
    assert (first["name"], first["assigned"]) == ("gpu-1", 1)


def test_who_makes_a_run_of_a_paused_pool_ready_hears_why_it_waits(inside: Inside) -> None:
    async def asked(stage: Stage) -> None:
        await stage.running("r-1")
        await stage.ask("r-1")
        await commands.pause_pool(stage.store, "default", actor=OPS)

    fill(inside, asked)
    said = inside("approvals", "approve", "r-1", "--reason", "fine")
    assert said.code == Exit.OK
    assert "pool 'default' is paused" in said.err
    assert "`sagewai pools resume default`" in said.err


def test_rates_are_listed_by_the_minute(inside_each: Inside) -> None:
    assert inside_each("rates").out == "no run came into any status\n"
    fill(inside_each, queued)
    head, row = steady(inside_each("rates"))
    assert head.split() == ["MINUTE", "PENDING"]
    assert re.fullmatch(r"\d\d-\d\d \d\d:\d\dZ +2", row)
    [minute] = inside_each("rates", "--minutes", "5", "--json").json
    assert minute["entered"] == {"pending": 2}
    assert minute["at"].endswith(":00.000000Z")
    assert inside_each("rates", "--minutes", "0").code == Exit.USAGE


def test_runs_show_what_they_cost_where_any_has_cost_something(inside: Inside) -> None:
    fill(inside, queued)
    assert "COST" not in inside("runs", "list").out

    async def called(stage: Stage) -> None:
        await stage.running("r-3")
        await stage.called("r-3", "so", request="?", cost=0.25)
        await stage.running("r-4")
        await stage.called("r-4", "so", request="?", model="local", cost=None)

    fill(inside, called)
    head, *rows = steady(inside("runs", "list"))
    assert head.split()[-1] == "COST"
    assert [row.split()[-1] for row in rows] == ["unknown", "$0.2500", "-", "-"]
    spent = {run["run_id"]: run["spent"] for run in inside("runs", "list", "--json").json}
    assert (spent["r-3"]["cost"], spent["r-4"]["cost"], spent["r-1"]["cost"]) == (0.25, None, 0.0)
    assert spent["r-4"]["unpriced"] == 1
