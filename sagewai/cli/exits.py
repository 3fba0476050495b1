"""Exit codes: part of the interface, so a script can tell what happened without reading text. Pure."""

from __future__ import annotations

from enum import IntEnum

from sagewai import errors
from sagewai.models.status import RunStatus


class Exit(IntEnum):
    """What the process ends with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    STORE = 5
    REJECTED = 6
    CANCELLED = 7
    RESTING = 8
    NOT_ALLOWED = 9
    UNEXPECTED = 70
    INTERRUPTED = 130
    PIPE = 141


MEANING = """\
Exit codes:

\b
  0    done; `runs watch`: the run completed
  1    `runs watch`: the run failed and is a dead letter; `audit verify`: the
       chain is broken
  2    usage: an option, argument, label, store URL or input that can't be
       taken
  3    not found: a run, approval, dead letter, worker, bulk job or workflow
  4    conflict: already decided, content changed, several approvals wait,
       not possible in the run's status, other input under this run id;
       `bulk`: some runs were refused, or left because the job was stopped
  5    store: unreachable, or its schema is missing or too new
  6    `runs watch`: a reviewer rejected the run
  7    `runs watch`: the run was cancelled
  8    `runs watch`: the run waits for a person or a signal, or is paused
  9    not allowed: this reviewer, or this database role
  70   an error nobody expected (SAGEWAI_DEBUG=1 shows the traceback)
  130  interrupted
  141  whoever read the output went away
"""

_BY_ERROR: tuple[tuple[type[BaseException], Exit], ...] = (
    (errors.StoreURLError, Exit.USAGE),
    (errors.NotPermitted, Exit.NOT_ALLOWED),
    (errors.ApprovalNotAllowed, Exit.NOT_ALLOWED),
    (errors.ApprovalEditInvalid, Exit.USAGE),
    (errors.StoreError, Exit.STORE),
    (errors.DefinitionError, Exit.USAGE),
    (errors.PayloadError, Exit.USAGE),
    (errors.StepInputError, Exit.USAGE),
    (errors.RunNotFound, Exit.NOT_FOUND),
    (errors.UnknownWorkflow, Exit.NOT_FOUND),
    (errors.ApprovalNotFound, Exit.NOT_FOUND),
    (errors.DeadLetterNotFound, Exit.NOT_FOUND),
    (errors.WorkerNotFound, Exit.NOT_FOUND),
    (errors.BulkNotFound, Exit.NOT_FOUND),
    (errors.ApprovalError, Exit.CONFLICT),
    (errors.InvalidTransition, Exit.CONFLICT),
    (errors.RunInputMismatch, Exit.CONFLICT),
    (errors.RunExists, Exit.CONFLICT),
    (errors.DefinitionChanged, Exit.CONFLICT),
    (errors.LeaseLost, Exit.CONFLICT),
)
"""The first match counts, so a child stands before its parent."""

_BY_STATUS = {
    RunStatus.COMPLETED: Exit.OK,
    RunStatus.FAILED: Exit.FAILED,
    RunStatus.REJECTED: Exit.REJECTED,
    RunStatus.CANCELLED: Exit.CANCELLED,
}


def of_error(error: BaseException) -> Exit:
    """The code for an error that ended a command."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.UNEXPECTED)


def of_status(status: RunStatus) -> Exit:
    """The code for the status in which a watched run came to rest."""
    return _BY_STATUS.get(status, Exit.RESTING)
