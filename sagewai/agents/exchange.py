"""One exchange of a UniversalAgent: a question, and as many model calls as its answer takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from sagewai.agents.answer import Answer, Message
from sagewai.agents.base import Out, as_text, settled
from sagewai.agents.call import ModelCall, Said, Target, complete
from sagewai.agents.memory import Turn
from sagewai.agents.structured import repair
from sagewai.agents.toolbox import Toolbox
from sagewai.core.context import current_branch, current_step, get_worker_credentials
from sagewai.core.failure import known_secrets
from sagewai.core.redact import redact
from sagewai.errors import OutputError, ToolLoopError

if TYPE_CHECKING:
    from sagewai.agents.universal import UniversalAgent
    from sagewai.models.inference import InferenceParams


class Exchange(Generic[Out]):
    """Make it before any await: of exchanges side by side, the first one gets the first position. What follows its
    first call is counted in a branch of the exchange's own, so that it doesn't depend on what the others do."""

    def __init__(self, agent: UniversalAgent[Out], said: Said | None = None) -> None:
        self._agent = agent
        self._branch = current_branch()
        self._step = current_step()
        self._number = (
            0 if self._step is None else self._step.next_position(f"{self._branch}/{agent.name} model call")
        )
        self._place = f"{agent.name}#{self._number}"
        self._calls = 0
        self._said = None if said is None else _Paragraphs(said)

    async def remembered(self, question: Message) -> Out:
        """The answer to a question that follows what the agent's memory holds, and is kept there with it."""
        memory = self._agent.memory
        if memory is None:
            return await self.answered([question])
        turn = self._turn()
        earlier = await settled(memory.recall(turn))
        answer = await self.answered([*earlier, question])
        said = {"role": "assistant", "content": as_text(answer, self._agent.name)}
        await settled(memory.remember(turn, [question, said]))
        return answer

    async def answered(self, messages: list[Message]) -> Out:
        """The answer to a conversation, after the tools that the model calls on the way, and one repair."""
        agent, output = self._agent, self._agent.output
        toolbox = Toolbox(agent.name, agent.toolbox, self._secrets)
        if agent.system_prompt and messages[0]["role"] != "system":
            messages = [{"role": "system", "content": agent.system_prompt}, *messages]
        answers, repaired = 0, False
        while True:
            said = await complete(self._call(messages), self._said)
            answers += 1
            if answers == 1 and said.position:  # answered from the record: what follows it is recorded there
                self._place = f"{agent.name}#{said.position}"
            if said.tool_calls:
                if answers >= agent.max_iterations:
                    raise self._endless(said, answers)
                messages = [
                    *messages,
                    said.as_message(),
                    *await toolbox.call(said, f"{self._place}.{answers}"),
                ]
            elif output is None:
                return said.text  # type: ignore[return-value]  # without an output type Out is str
            else:
                found, wrong = output.read(said.text)
                if found is not None:
                    return found
                if repaired:
                    raise self._misshapen(wrong)
                repaired = True
                messages = [
                    *messages,
                    said.as_message(),
                    {"role": "user", "content": repair(output.form, wrong)},
                ]
            if self._said is not None:
                self._said.end()

    def _call(self, messages: list[Message]) -> ModelCall:
        agent = self._agent
        self._calls += 1
        follows = self._calls > 1 and self._step is not None
        return ModelCall(
            agent=agent.name,
            branch=f"{self._branch}/{self._place}".lstrip("/") if follows else self._branch,
            position=self._calls if follows else self._number,
            asked=Target(agent.model, self._own),
            targets=self._targets(),
            messages=tuple(messages),
            retries=agent.retries,
            backoff=agent.backoff,
            tools=tuple(tool.as_shown() for tool in agent.toolbox),
            output=None if agent.output is None else agent.output.form,
        )

    @property
    def _own(self) -> InferenceParams:
        from sagewai.models.inference import InferenceParams  # pydantic: not before a model is called

        return self._agent.inference or InferenceParams()

    def _targets(self) -> tuple[Target, ...]:
        """The agent's model, then its fallbacks, as this worker calls them; what becomes the same is asked once."""
        agent, own, credentials = self._agent, self._own, get_worker_credentials()
        targets: list[Target] = []
        for model in (agent.model, *agent.fallback_models):
            called, params = model, own
            if credentials is not None:
                called, theirs = credentials.model_for(model), credentials.inference_for(model)
                if called != agent.model and (theirs.api_base or theirs.api_key):
                    params = own.elsewhere()
                params = theirs.over(params)
            keyed = params.api_base == own.api_base and params.api_key == own.api_key
            target = Target(called, params, agent.model if called != agent.model and keyed else None)
            if target not in targets:
                targets.append(target)
        return tuple(targets)

    def _turn(self) -> Turn:
        if self._step is None:
            return Turn("", "")
        key = f"{self._step.step}/{self._branch}/{self._place}"
        return Turn(f"{self._step.run_id}/{self._branch}", key)

    @property
    def _secrets(self) -> list[str]:
        key = self._own.api_key
        return [] if key is None else [key.get_secret_value()]

    def _endless(self, said: Answer, answers: int) -> ToolLoopError:
        wanted = ", ".join(sorted({call.name for call in said.tool_calls}))
        return ToolLoopError(
            f"agent {self._agent.name!r} still wants to call {wanted} after {answers} answers: raise max_iterations, "
            "or tell it when to stop"
        )

    def _misshapen(self, wrong: str) -> OutputError:
        kind: Any = self._agent.output_type
        return OutputError(
            f"agent {self._agent.name!r} was to answer with one {kind.__name__}, and didn't, asked twice: "
            f"{redact('; '.join(wrong.splitlines()), [*self._secrets, *known_secrets()])}"
        )


class _Paragraphs:
    """Sets the answers of one exchange apart from each other in what is streamed."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._anything = False
        self._apart = False

    def __call__(self, piece: str) -> None:
        if self._apart:
            self._said("\n\n")
        self._apart, self._anything = False, True
        self._said(piece)

    def end(self) -> None:
        self._apart = self._anything
