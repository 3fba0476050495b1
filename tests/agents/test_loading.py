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


def test_neither_a_first_call_nor_a_first_stream_nor_tools_import_anything_large_on_the_loop() -> None:
    with LoopbackModels() as models:
        late = result_of(
            """
            import asyncio, json, sys
            from sagewai.agents import UniversalAgent
            from sagewai.agents.llm import load

            def look() -> str:
                return ""

            async def main():
                await load()
                before = set(sys.modules)
                for model in ("gpt-4o", "claude-sonnet-4-20250514", "ollama_chat/llama3.2"):
                    await UniversalAgent("a", model, tools=[look]).chat("hi")
                    async for _ in UniversalAgent("a", model).chat_stream("hi"):
                        pass
                print(json.dumps(sorted(set(sys.modules) - before)))

            asyncio.run(main())
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
    assert [name for name in late if name.startswith(large)] == []


def test_it_is_silent_keeps_off_the_network_and_leaves_the_environment_as_it_was() -> None:
    with LoopbackModels() as models:
        seen = result_of(
            """
            import asyncio, json, os, sys
            from sagewai.agents import UniversalAgent
            from sagewai.errors import ModelCallError

            away = []

            def audit(event, args):
                if event == "socket.connect" and args[1][0] != "127.0.0.1":
                    away.append(str(args[1]))
                if event == "socket.getaddrinfo" and args[0] not in ("127.0.0.1", b"127.0.0.1"):
                    away.append(str(args[0]))

            sys.addaudithook(audit)
            before = dict(os.environ)

            async def main():
                for model in ("gpt-4o", "claude-sonnet-4-20250514", "ollama/llama3.2", "openai/unheard-of"):
                    await UniversalAgent("a", model).chat("hi")
                try:
                    await UniversalAgent("a", "no-such-model").chat("hi")
                except ModelCallError:
                    pass

            asyncio.run(main())
            asyncio.run(main())  # a second loop: some of litellm's background work is left over from the first
            import litellm
            from litellm.anthropic_beta_headers_manager import get_provider_name

            litellm.verbose_logger.warning("news of the library's own")

            get_provider_name("anthropic")  # what a call with tools looks up
            changed = {name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name)}
            print(json.dumps({"away": away, "changed": sorted(changed)}))
            """,
            models.env(),
        )

    assert seen["away"] == []
    assert set(seen["changed"]) <= {
        "TIKTOKEN_CACHE_DIR"
    }  # where litellm's own copy lies, for calls to Anthropic


def test_it_loads_for_several_event_loops_at_once() -> None:
    modules = result_of(
        """
        import asyncio, json, threading
        from sagewai.agents.llm import load

        loaded = []
        threads = [threading.Thread(target=lambda: loaded.append(asyncio.run(load()))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps([module.__name__ for module in {id(m): m for m in loaded}.values()] + [len(loaded)]))
        """
    )

    assert modules == ["litellm", 4]


def test_a_caller_that_gives_up_does_not_spoil_it_for_the_others() -> None:
    answers = result_of(
        """
        import asyncio, json
        from sagewai.agents.llm import load

        async def main():
            impatient, patient = asyncio.create_task(load()), asyncio.create_task(load())
            await asyncio.sleep(0)
            impatient.cancel()
            results = await asyncio.gather(impatient, patient, return_exceptions=True)
            print(json.dumps([type(results[0]).__name__, results[1].__name__]))

        asyncio.run(main())
        """
    )

    assert answers == ["CancelledError", "litellm"]


def test_without_litellm_the_call_says_so_and_a_later_one_tries_again(tmp_path: Path) -> None:
    (tmp_path / "litellm.py").write_text("raise ImportError('broken installation')")
    seen = result_of(
        f"""
        import asyncio, json, sys
        from sagewai.agents import UniversalAgent
        from sagewai.agents.llm import load
        from sagewai.errors import AgentError

        async def main():
            sys.path.insert(0, {str(tmp_path)!r})
            try:
                await UniversalAgent("a", "gpt-4o").chat("hi")
            except AgentError as error:
                text = str(error)
            sys.path.remove({str(tmp_path)!r})
            print(json.dumps([text, (await load()).__name__]))

        asyncio.run(main())
        """
    )

    assert seen == [
        "litellm, which calls the models, can't be imported: ImportError('broken installation')",
        "litellm",
    ]


def test_no_key_reaches_the_output_with_every_logger_at_debug() -> None:
    key = "Zq7-very-private-9341"
    with LoopbackModels() as models:
        done = run(
            f"""
            import asyncio, logging, sys
            logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
            from sagewai.agents import UniversalAgent
            from sagewai.models.inference import InferenceParams

            async def main():
                for model in ("gpt-4o", "claude-sonnet-4-20250514", "ollama/llama3.2"):
                    agent = UniversalAgent("a", model, inference=InferenceParams(api_key="{key}"))
                    logging.info("%s %s", agent, await agent.chat("hi"))

            asyncio.run(main())
            """,
            models.env(),
        )

    assert done.returncode == 0
    assert models.requests[0].key == key
    assert "says: hi" in done.stdout
    assert key not in done.stdout + done.stderr
