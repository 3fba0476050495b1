"""Durable AI-agent workflows: steps are checkpointed, crashes are survived, people are asked.

The public names load on first use, so that ``import sagewai`` costs little and pulls in no database driver and no model
library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagewai.agents import ConditionalAgent as ConditionalAgent
    from sagewai.agents import ConversationMemory as ConversationMemory
    from sagewai.agents import LoopAgent as LoopAgent
    from sagewai.agents import ParallelAgent as ParallelAgent
    from sagewai.agents import SequentialAgent as SequentialAgent
    from sagewai.agents import Tool as Tool
    from sagewai.agents import UniversalAgent as UniversalAgent
    from sagewai.agents import tool as tool
    from sagewai.core.approval import ApprovalGate as ApprovalGate
    from sagewai.core.balancer import WorkerLoadBalancer as WorkerLoadBalancer
    from sagewai.core.context import StepContext as StepContext
    from sagewai.core.context import current_step as current_step
    from sagewai.core.context import get_worker_credentials as get_worker_credentials
    from sagewai.core.dlq import DeadLetterQueue as DeadLetterQueue
    from sagewai.core.journal import once as once
    from sagewai.core.journal import once_sync as once_sync
    from sagewai.core.monitor import WorkflowMonitor as WorkflowMonitor
    from sagewai.core.retry import RetryPolicy as RetryPolicy
    from sagewai.core.stores.memory import InMemoryStore as InMemoryStore
    from sagewai.core.stores.postgres import PostgresStore as PostgresStore
    from sagewai.core.stores.sqlite import SQLiteStore as SQLiteStore
    from sagewai.core.stores.url import open_store as open_store
    from sagewai.core.waiting import sleep as sleep
    from sagewai.core.waiting import sleep_sync as sleep_sync
    from sagewai.core.waiting import sleep_until as sleep_until
    from sagewai.core.waiting import sleep_until_sync as sleep_until_sync
    from sagewai.core.waiting import wait_signal as wait_signal
    from sagewai.core.waiting import wait_signal_sync as wait_signal_sync
    from sagewai.core.worker.worker import WorkflowWorker as WorkflowWorker
    from sagewai.core.workflow import DurableWorkflow as DurableWorkflow
    from sagewai.core.workflow import RunHandle as RunHandle
    from sagewai.errors import *  # noqa: F403
    from sagewai.models.actor import Actor as Actor
    from sagewai.models.call import Budget as Budget
    from sagewai.models.inference import InferenceParams as InferenceParams
    from sagewai.models.worker import WorkerCredentials as WorkerCredentials

__version__ = "0.1.0"

_HOMES = {
    "sagewai.agents": (
        "ConditionalAgent ConversationMemory LoopAgent ParallelAgent SequentialAgent Tool UniversalAgent tool"
    ),
    "sagewai.core.approval": "ApprovalGate",
    "sagewai.core.balancer": "WorkerLoadBalancer",
    "sagewai.core.context": "StepContext current_step get_worker_credentials",
    "sagewai.core.dlq": "DeadLetterQueue",
    "sagewai.core.journal": "once once_sync",
    "sagewai.core.monitor": "WorkflowMonitor",
    "sagewai.core.retry": "RetryPolicy",
    "sagewai.core.stores.memory": "InMemoryStore",
    "sagewai.core.stores.postgres": "PostgresStore",
    "sagewai.core.stores.sqlite": "SQLiteStore",
    "sagewai.core.stores.url": "open_store",
    "sagewai.core.waiting": ("sleep sleep_sync sleep_until sleep_until_sync wait_signal wait_signal_sync"),
    "sagewai.core.worker.worker": "WorkflowWorker",
    "sagewai.core.workflow": "DurableWorkflow RunHandle",
    "sagewai.models.actor": "Actor",
    "sagewai.models.call": "Budget",
    "sagewai.models.inference": "InferenceParams",
    "sagewai.models.worker": "WorkerCredentials",
    "sagewai.errors": (
        "AgentError AgentInputError AnswerUnusable ApprovalAlreadyDecided ApprovalAmbiguous ApprovalClaimed "
        "ApprovalClosed ApprovalContentChanged ApprovalEditInvalid ApprovalError ApprovalExpired "
        "ApprovalNotAllowed ApprovalNotFound ApprovalOutsideRun ApprovalRejected ApprovalUnstable "
        "BudgetExceeded DeadLetterNotFound DefinitionChanged DefinitionError DuplicateStepError InvalidOptionError "
        "InvalidTransition LabelError LeaseLost LoopLimitError ModelCallError ModelCallRefused "
        "NoBranchError NonRetryableError NotPermitted OutputError OutsideRun PayloadError PayloadTooLarge "
        "PoisonedRun ResultNotStorable RunCancelled RunDeadlineExceeded RunError RunExists RunFailed "
        "RunInputMismatch RunNotFound RunPaused SagewaiError SchemaError SignalTimeout StepError "
        "StepInputError StepParameterError StepTimeout StoreError StoreRefused StoreURLError "
        "StoreUnavailable ToolLoopError UnknownWorkflow UnsafeLocation WorkerNotFound WorkflowSuspended"
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'sagewai' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
