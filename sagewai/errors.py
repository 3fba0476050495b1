"""Every exception of the library, in one tree.

::

    SagewaiError
    ├── DefinitionError                a workflow is declared or called wrongly
    │   ├── DuplicateStepError         two steps of one name
    │   ├── StepParameterError         a step's parameter that nothing can fill
    │   └── InvalidOptionError         an option out of its range (also a ValueError)
    │       └── LabelError             a label that can't be stored or compared
    ├── RunError                       a run isn't what the caller wanted; carries .run_id
    │   ├── RunNotFound                (also a LookupError)
    │   ├── RunInputMismatch           the run_id exists with different input
    │   ├── UnknownWorkflow            no code for the run's workflow here
    │   ├── RunExists                  a fork's run_id is taken
    │   ├── DefinitionChanged          its recorded steps aren't the first ones of this code
    │   ├── InvalidTransition          the operation is not legal in the run's status
    │   ├── WorkflowSuspended          the run waits for a person, a time or a signal
    │   ├── RunPaused                  the run was paused by an operator
    │   ├── RunCancelled               the run was cancelled
    │   ├── RunFailed                  the run is a dead letter
    │   └── ApprovalRejected           a reviewer said no: the run ended as rejected
    ├── StepError                      why an attempt failed
    │   ├── StepTimeout                the attempt took longer than its timeout (also a TimeoutError)
    │   ├── SignalTimeout              no signal came in time (also a TimeoutError)
    │   ├── AnswerUnusable             what was answered is at fault: the next attempt asks anew
    │   └── NonRetryableError          raise it (or a child) in a step to skip the remaining retries
    │       ├── PayloadError           a value that can't be recorded faithfully
    │       │   ├── PayloadTooLarge    longer than the store's limit
    │       │   └── ResultNotStorable  the database refused this one result
    │       ├── StepInputError         the input doesn't fit the step's annotations
    │       ├── ApprovalUnstable       a gate's content changed on every re-run
    │       └── OutsideRun             a call that only a durable step can make
    ├── PoisonedRun                    recorded as the error of a run that lost its worker too often
    ├── RunDeadlineExceeded            recorded as the error of a run that wasn't over at its deadline
    ├── ApprovalError                  a decision that can't be recorded
    │   ├── ApprovalNotFound           (also a LookupError)
    │   ├── ApprovalAmbiguous          several approvals are pending: name one
    │   ├── ApprovalAlreadyDecided     somebody decided before; says who, what and when
    │   ├── ApprovalContentChanged     the digest seen is not the digest stored
    │   ├── ApprovalExpired            its deadline has passed
    │   ├── ApprovalClosed             superseded or cancelled
    │   ├── ApprovalNotAllowed         this reviewer may not decide it
    │   ├── ApprovalClaimed            another reviewer looks at it
    │   ├── ApprovalEditInvalid        the edited content doesn't fit the gate's type
    │   └── ApprovalOutsideRun         request_approval() without a run around it (also an OutsideRun)
    ├── DeadLetterNotFound             (also a LookupError)
    ├── WorkerNotFound                 (also a LookupError)
    ├── BulkNotFound                   (also a LookupError)
    ├── StoreError
    │   ├── StoreURLError              a store URL that can't be read (also a ValueError)
    │   ├── StoreUnavailable           the database can't be reached or stopped answering
    │   ├── StoreRefused               the database refused a statement's data
    │   ├── NotPermitted               the database role lacks the right (also a PermissionError)
    │   ├── SchemaError                the schema is missing, newer than this code, or was altered
    │   └── UnsafeLocation             a database file where locking can't be trusted
    ├── LeaseLost                      another worker owns the run now; nothing was written
    └── AgentError                     an agent can't do what it was asked
        ├── AgentInputError            an agent was given something else than text (also a NonRetryableError)
        ├── NoBranchError              a condition chose a branch that isn't there (also an AnswerUnusable)
        ├── LoopLimitError             a loop's rounds are used up, it never held (also an AnswerUnusable)
        ├── ToolLoopError              a model never stops calling tools (also an AnswerUnusable)
        ├── OutputError                not of the output type, after a repair (also an AnswerUnusable)
        ├── BudgetExceeded             the run's calls have cost what they may (also a NonRetryableError)
        └── ModelCallError             a model call failed for good; carries .model, .agent and .kind
            └── ModelCallRefused       and the same call would fail again (also a NonRetryableError)

    Suspension (a BaseException)       lets go of a step that waits; not for catching
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

__all__ = [
    "AgentError",
    "AgentInputError",
    "AnswerUnusable",
    "ApprovalAlreadyDecided",
    "ApprovalAmbiguous",
    "ApprovalClaimed",
    "ApprovalClosed",
    "ApprovalContentChanged",
    "ApprovalEditInvalid",
    "ApprovalError",
    "ApprovalExpired",
    "ApprovalNotAllowed",
    "ApprovalNotFound",
    "ApprovalOutsideRun",
    "ApprovalRejected",
    "ApprovalUnstable",
    "BudgetExceeded",
    "DeadLetterNotFound",
    "DefinitionChanged",
    "DefinitionError",
    "DuplicateStepError",
    "InvalidOptionError",
    "InvalidTransition",
    "LabelError",
    "LeaseLost",
    "LoopLimitError",
    "ModelCallError",
    "ModelCallRefused",
    "NoBranchError",
    "NonRetryableError",
    "NotPermitted",
    "OutputError",
    "OutsideRun",
    "PayloadError",
    "PayloadTooLarge",
    "PoisonedRun",
    "ResultNotStorable",
    "RunCancelled",
    "RunDeadlineExceeded",
    "RunError",
    "RunExists",
    "RunFailed",
    "RunInputMismatch",
    "RunNotFound",
    "RunPaused",
    "SagewaiError",
    "SchemaError",
    "SignalTimeout",
    "StepError",
    "StepInputError",
    "StepParameterError",
    "StepTimeout",
    "StoreError",
    "StoreRefused",
    "StoreURLError",
    "StoreUnavailable",
    "Suspension",
    "ToolLoopError",
    "UnknownWorkflow",
    "UnsafeLocation",
    "WorkerNotFound",
    "WorkflowSuspended",
]


class SagewaiError(Exception):
    """The root: catch it to catch everything this library raises on purpose."""


# -- declarations -------------------------------------------------------------------------------------------------


class DefinitionError(SagewaiError):
    """A workflow is declared or called wrongly; no run was touched."""


class DuplicateStepError(DefinitionError):
    """Two steps of one workflow have the same name."""


class StepParameterError(DefinitionError):
    """A step has a parameter that neither an output, the input nor a default can fill."""


class InvalidOptionError(DefinitionError, ValueError):
    """An option is out of its range."""


class LabelError(InvalidOptionError):
    """A label's key or value can't be stored and compared."""


# -- runs ---------------------------------------------------------------------------------------------------------


class RunError(SagewaiError):
    """A run isn't what its caller wanted. ``run_id`` names it."""

    def __init__(self, message: str, *, run_id: str = "") -> None:
        super().__init__(message)
        self.run_id = run_id


class RunNotFound(RunError, LookupError):
    """No run has this id in this store."""


class RunInputMismatch(RunError):
    """The run exists already, with different input."""


class UnknownWorkflow(RunError):
    """The run belongs to a workflow whose code isn't here."""


class RunExists(RunError):
    """A run of this id exists already, and it isn't the fork that was asked for."""


class DefinitionChanged(RunError):
    """The steps that the run has recorded aren't the first ones of this code, in order; the text names the difference.
    The run is pending, for a worker whose code they belong to."""


class InvalidTransition(RunError):
    """The operation is not legal in the run's status."""


class WorkflowSuspended(RunError):
    """The run waits and holds no worker; its text names the run, what it waits for and how to go on."""


class RunPaused(RunError):
    """An operator paused the run; it goes on when somebody resumes it."""


class RunCancelled(RunError):
    """The run was cancelled; the text says by whom and why."""


class RunFailed(RunError):
    """The run failed for good and is a dead letter. ``step`` and ``error_type`` say where and how."""

    def __init__(
        self, message: str, *, run_id: str = "", step: str | None = None, error_type: str = ""
    ) -> None:
        super().__init__(message, run_id=run_id)
        self.step = step
        self.error_type = error_type


class ApprovalRejected(RunError):
    """A reviewer rejected the run; the text holds the reason. ``reviewer`` and ``reason`` hold them apart."""

    def __init__(self, message: str, *, run_id: str = "", reviewer: str = "", reason: str = "") -> None:
        super().__init__(message, run_id=run_id)
        self.reviewer = reviewer
        self.reason = reason


# -- steps --------------------------------------------------------------------------------------------------------


class StepError(SagewaiError):
    """Why an attempt failed."""


class StepTimeout(StepError, TimeoutError):
    """The attempt's own code took longer than the step's timeout. Retried like any failure."""


class SignalTimeout(StepError, TimeoutError):
    """wait_signal() was given a timeout, and no signal came before it, by the database's clock."""


class AnswerUnusable(StepError):
    """Raise it, or a child of it, in a step where a recorded answer itself is at fault, not what was done with it: the
    next attempt asks models anew and calls what was given to ``once`` again. After any other failure an attempt is
    given the recorded answers. Raised from, or hidden in, an exception of another class it has no such effect; in an
    ExceptionGroup it has."""


class NonRetryableError(StepError):
    """Raise it, or a child of it, in a step when trying again can't help: the remaining retries are skipped."""


class PayloadError(NonRetryableError):
    """A value that can't be recorded so that it reads back the same; the text names its place."""


class PayloadTooLarge(PayloadError):
    """An encoded payload is longer than the limit."""


class ResultNotStorable(PayloadError):
    """The database refused this result while it took its neighbours'."""


class StepInputError(NonRetryableError):
    """A value doesn't fit the annotation of the step parameter it fills."""


class ApprovalUnstable(NonRetryableError):
    """A gate asked for a third different content; each old decision was void."""


class OutsideRun(NonRetryableError):
    """sleep(), wait_signal() or the like was called where no run is executing, or from the wrong kind of step."""


class RunDeadlineExceeded(SagewaiError):
    """Recorded as the error of a run that wasn't over at its deadline."""


class PoisonedRun(SagewaiError):
    """Recorded as the error of a run whose worker died too often while holding it."""


# -- approvals ----------------------------------------------------------------------------------------------------


class ApprovalError(SagewaiError):
    """A decision that can't be recorded; nothing was written."""


class ApprovalNotFound(ApprovalError, LookupError):
    """No such approval, or the run has none that waits."""


class ApprovalAmbiguous(ApprovalError):
    """Several approvals of the run are pending. ``approval_ids`` names them."""

    def __init__(self, message: str, *, approval_ids: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.approval_ids = tuple(approval_ids)


class ApprovalAlreadyDecided(ApprovalError):
    """Somebody decided before: ``verdict``, ``reviewer`` and ``decided_at`` (aware, UTC) say what, who and when."""

    def __init__(
        self, message: str, *, verdict: str = "", reviewer: str = "", decided_at: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.reviewer = reviewer
        self.decided_at = decided_at


class ApprovalContentChanged(ApprovalError):
    """The digest that was seen isn't the digest of the content that waits now."""


class ApprovalExpired(ApprovalError):
    """The deadline passed, by the database's clock, before the decision."""


class ApprovalClosed(ApprovalError):
    """The approval was superseded by new content, or its run ended."""


class ApprovalNotAllowed(ApprovalError):
    """The reviewer isn't among those who may decide, submitted the run itself, has approved already where another must,
    or decides from a process that executes runs with the same rights."""


class ApprovalClaimed(ApprovalError):
    """Another reviewer has claimed the approval and that claim isn't over; the text says who, and until when."""


class ApprovalEditInvalid(ApprovalError):
    """The edited content doesn't fit the type that the gate asks for; the text names the place."""


class ApprovalOutsideRun(ApprovalError, OutsideRun):
    """request_approval() was called where no run is executing."""


# -- operations ---------------------------------------------------------------------------------------------------


class DeadLetterNotFound(SagewaiError, LookupError):
    """The run has no dead letter (any more)."""


class BulkNotFound(SagewaiError, LookupError):
    """No bulk job has this number."""


class WorkerNotFound(SagewaiError, LookupError):
    """No live worker has this id or name."""


class StoreError(SagewaiError):
    """Something about the database; texts never carry a password."""


class StoreURLError(StoreError, ValueError):
    """A store URL that can't be read."""


class StoreUnavailable(StoreError):
    """The database can't be reached, or stopped answering: whether the last write was made is unknown."""


class StoreRefused(StoreError):
    """The database refused the data of a statement; nothing of the statement was written."""


class NotPermitted(StoreError, PermissionError):
    """The database role of this connection lacks the right for what was asked; nothing was written."""


class SchemaError(StoreError):
    """The schema is missing, altered, or needs newer code than this."""


class UnsafeLocation(StoreError):
    """A database file on a file system whose locks can't be trusted."""


class LeaseLost(SagewaiError):
    """Another owner holds the run's token now; nothing was written."""


class AgentError(SagewaiError):
    """An agent can't do what it was asked."""


class AgentInputError(AgentError, NonRetryableError):
    """An agent, or a function given to one, handed over something else than text."""


class NoBranchError(AgentError, AnswerUnusable):
    """A ConditionalAgent's condition chose a branch that it doesn't have, and it has no default."""


class LoopLimitError(AgentError, AnswerUnusable):
    """A LoopAgent asked as often as it may, and its stop condition never held."""


class ToolLoopError(AgentError, AnswerUnusable):
    """After ``max_iterations`` answers the model still wants to call tools; those of the last answer weren't called."""


class OutputError(AgentError, AnswerUnusable):
    """The model's answer isn't of the agent's output type, and neither was the one it was asked for instead; the text
    names the places."""


class BudgetExceeded(AgentError, NonRetryableError):
    """The model calls of the run have cost what its budget allows, and it has ``on_exceed="fail"``."""


class ModelCallError(AgentError):
    """A model call failed for good, after the call's own retries. ``kind`` says how, as in "rate limit"; no attribute
    and no text holds a key."""

    def __init__(self, message: str, *, model: str = "", agent: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.model = model
        self.agent = agent
        self.kind = kind


class ModelCallRefused(ModelCallError, NonRetryableError):
    """The provider refused the call: key, model name or content must change, so no step retries it."""


class Suspension(BaseException):
    """Unwinds a step that waits. It is noted on the attempt before it is raised, so swallowing it changes nothing."""
