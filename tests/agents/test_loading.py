"""litellm is imported once, on the first call, off the event loop, and is neither seen nor heard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from tests.agents.endpoint import LoopbackModels

PROJECT = Path(__file__).parents[2]


def run(script: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter, because this one has imported everything already."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=PROJECT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def result_of(script: str, env: dict[str, str] | None = None) -> Any:
    done = run(script, env)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_importing_and_building_agents_loads_no_model_library() -> None:
    loaded = result_of(
        """
        import json, sys
        from sagewai.agents import ConditionalAgent, LoopAgent, ParallelAgent, SequentialAgent, UniversalAgent

        SequentialAgent("pipe", [UniversalAgent("a", "gpt-4o"), ParallelAgent("b", [UniversalAgent("c", "gpt-4o")])])
        heavy = {"litellm", "openai", "httpx", "aiohttp", "pydantic", "tiktoken", "textual", "asyncpg", "apsw"}
        print(json.dumps(sorted(heavy & sys.modules.keys())))
        """
    )

    assert loaded == []


def test_twenty_first_calls_at_once_import_it_once_and_leave_the_loop_free() -> None:
    with LoopbackModels() as models:
        seen = result_of(
            """
            import asyncio, json, sys, threading, time
            from sagewai.agents import UniversalAgent

            async def main():
                watching = True
                lags, importers = [], set()

                async def watch():
                    while watching:
                        before = time.perf_counter()
                        await asyncio.sleep(0.005)
                        lags.append(time.perf_counter() - before - 0.005)
                        importers.update(t for t in threading.enumerate() if t.name == "sagewai-litellm")

                watcher = asyncio.create_task(watch())
                await asyncio.sleep(0)
                began = time.perf_counter()
                assert "litellm" not in sys.modules
                answers = await asyncio.gather(*(UniversalAgent(f"a{n}", "gpt-4o").chat(str(n)) for n in range(20)))
                took = time.perf_counter() - began
                watching = False
                await watcher
                print(json.dumps({"answers": answers, "took": took, "lag": max(lags), "importers": len(importers)}))

            asyncio.run(main())
            """,
            models.env(),
        )

    assert seen["answers"] == [f"gpt-4o says: {number}" for number in range(20)]
    assert seen["importers"] == 1
    assert seen["lag"] < max(0.3, seen["took"] / 4)


def test_first_calls_are_silent_stay_off_the_network_and_import_nothing_large_on_the_loop() -> None:
    """In one process, because each takes seconds to import it; its import began with a caller that gave up."""
    with LoopbackModels() as models:
        seen = result_of(
            """
            import asyncio, json, os, sys
            from sagewai.agents import UniversalAgent
            from sagewai.agents.llm import load
            from sagewai.errors import ModelCallError

            away = []

            def audit(event, args):
                if event == "socket.connect" and args[1][0] != "127.0.0.1":
                    away.append(str(args[1]))
                if event == "socket.getaddrinfo" and args[0] not in ("127.0.0.1", b"127.0.0.1"):
                    away.append(str(args[0]))

            sys.addaudithook(audit)
            environment = dict(os.environ)

            def look() -> str:
                return ""

            async def given_up():
                impatient, patient = asyncio.create_task(load()), asyncio.create_task(load())
                await asyncio.sleep(0)
                impatient.cancel()
                results = await asyncio.gather(impatient, patient, return_exceptions=True)
                return [type(results[0]).__name__, results[1].__name__]

            async def first_calls():
                before = set(sys.modules)
                for model in ("gpt-4o", "claude-sonnet-4-20250514", "ollama_chat/llama3.2"):
                    await UniversalAgent("a", model, tools=[look]).chat("hi")
                    async for _ in UniversalAgent("a", model).chat_stream("hi"):
                        pass
                return sorted(set(sys.modules) - before)

            async def more_calls():
                for model in ("gpt-4o", "claude-sonnet-4-20250514", "ollama/llama3.2", "openai/unheard-of"):
                    await UniversalAgent("a", model).chat("hi")
                try:
                    await UniversalAgent("a", "no-such-model").chat("hi")
                except ModelCallError:
                    pass

            async def main():
                return await given_up(), await first_calls(), await more_calls()

            loaded, late, _ = asyncio.run(main())
            asyncio.run(more_calls())  # a second loop: some of litellm's background work is left over from the first
            import litellm
            from litellm.anthropic_beta_headers_manager import get_provider_name

            litellm.verbose_logger.warning("news of the library's own")

            get_provider_name("anthropic")  # what a call with tools looks up
            changed = [n for n in {*environment, *os.environ} if environment.get(n) != os.environ.get(n)]
            print(json.dumps({"loaded": loaded, "late": late, "away": away, "changed": changed}))
            """,
            models.env(),
        )

    large = (
        "openai",
        "tiktoken",
        "anyio",
        "httpcore",
        "aiohttp",
        "litellm.proxy",
        "litellm.litellm_core_utils",
    )
    assert seen["loaded"] == ["CancelledError", "litellm"]
    assert [name for name in seen["late"] if name.startswith(large)] == []
    assert seen["away"] == []
    assert set(seen["changed"]) <= {
        "TIKTOKEN_CACHE_DIR"
    }  # where litellm's own copy lies, for calls to Anthropic


def test_after_a_broken_import_a_later_one_serves_several_loops_and_no_key_reaches_the_output(
    tmp_path: Path,
) -> None:
    """In one process, because each takes seconds to import it; every logger is at debug from the start."""
    (tmp_path / "litellm.py").write_text("raise ImportError('broken installation')")
    key = "Zq7-very-private-9341"
    with LoopbackModels() as models:
        done = run(
            f"""
            import asyncio, json, logging, sys, threading
            logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
            from sagewai.agents import UniversalAgent
            from sagewai.agents.llm import load
            from sagewai.errors import AgentError
            from sagewai.models.inference import InferenceParams

            async def broken():
                sys.path.insert(0, {str(tmp_path)!r})
                try:
                    await UniversalAgent("a", "gpt-4o").chat("hi")
                except AgentError as error:
                    return str(error)
                finally:
                    sys.path.remove({str(tmp_path)!r})

            async def calls():
                for model in ("gpt-4o", "claude-sonnet-4-20250514", "ollama/llama3.2"):
                    agent = UniversalAgent("a", model, inference=InferenceParams(api_key="{key}"))
                    logging.info("%s %s", agent, await agent.chat("hi"))

            text, loaded = asyncio.run(broken()), []
            threads = [threading.Thread(target=lambda: loaded.append(asyncio.run(load()))) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            asyncio.run(calls())
            modules = [module.__name__ for module in {{id(m): m for m in loaded}}.values()]
            print("\\nseen:", json.dumps([text, modules, len(loaded)]))
            """,
            models.env(),
        )

    assert done.returncode == 0, done.stderr
    (seen,) = (line for line in done.stdout.splitlines() if line.startswith("seen: "))
    assert json.loads(seen.removeprefix("seen: ")) == [
        "litellm, which calls the models, can't be imported: ImportError('broken installation')",
        ["litellm"],
        4,
    ]
    assert models.requests[0].key == key
    assert "says: hi" in done.stdout
    assert key not in done.stdout + done.stderr
