"""Every statement the store sends, by the name of its file in ``queries/``.

Two manners keep their plans the same whatever the planner believes, and tests look at that: ``= any (array[key])``
makes a join look each key up in its index, and ``status + 0`` keeps a run that is named from being looked for by its
status.
"""

from __future__ import annotations

from importlib import resources

_QUERIES = resources.files(__package__).joinpath("queries")


def _load(name: str) -> str:
    return _QUERIES.joinpath(name + ".sql").read_text(encoding="utf-8")


ADD_DEFINITION = _load("add_definition")
ADD_ROUTES = _load("add_routes")
APPROVALS_OF = _load("approvals_of")
ASK_RUN = _load("ask_run")
ASK_SESSION = _load("ask_session")
ASSIGN = _load("assign")
CANCEL_OVERDUE = _load("cancel_overdue")
CLAIM = _load("claim")
COUNTS = _load("counts")
DECIDE = _load("decide")
DISCARD_RUN = _load("discard_run")
END_RUN = _load("end_run")
EVENTS_OF_PEOPLE = _load("events_of_people")
EXPIRE = _load("expire")
FIND_DEFINITION = _load("find_definition")
FIND_ROUTES = _load("find_routes")
FOLD = _load("fold")
GET_APPROVAL = _load("get_approval")
GET_ATTEMPTS = _load("get_attempts")
GET_DEAD_LETTER = _load("get_dead_letter")
GET_EVENTS = _load("get_events")
GET_INPUT = _load("get_input")
GET_OUTCOME = _load("get_outcome")
GET_RESULTS = _load("get_results")
GET_RUN = _load("get_run")
GET_STEPS = _load("get_steps")
GROUP_DEAD_LETTERS = _load("group_dead_letters")
HEADS = _load("heads")
HEARD_SINCE = _load("heard_since")
HEARTBEAT = _load("heartbeat")
INSERT_RUNS = _load("insert_runs")
IS_EMPTY_HANDED = _load("is_empty_handed")
LAPSE = _load("lapse")
LAPSE_SESSIONS = _load("lapse_sessions")
LIST_APPROVALS = _load("list_approvals")
LIST_APPROVALS_OF = _load("list_approvals_of")
LIST_BY_POOL = _load("list_by_pool")
LIST_BY_PREFIX = _load("list_by_prefix")
LIST_BY_TAG = _load("list_by_tag")
LIST_BY_WORKFLOW = _load("list_by_workflow")
LIST_CHANGED = _load("list_changed")
LIST_DEAD_LETTERS = _load("list_dead_letters")
LIST_DEAD_LETTERS_BY_TYPE = _load("list_dead_letters_by_type")
LIST_DEAD_LETTERS_BY_WORKFLOW = _load("list_dead_letters_by_workflow")
LIST_POOLS = _load("list_pools")
LIST_RUNS = _load("list_runs")
LIST_SESSIONS = _load("list_sessions")
MARK_SWEPT = _load("mark_swept")
OPEN_SESSION = _load("open_session")
PAUSE_RUN = _load("pause_run")
RECORD_MOVES = _load("record_moves")
RECORD_PROGRESS = _load("record_progress")
RESOLVE_ROUTES = _load("resolve_routes")
RESUME_RUN = _load("resume_run")
RETRY_RUN = _load("retry_run")
SET_PRIORITY = _load("set_priority")
STANDING = _load("standing")
STOP_SESSION = _load("stop_session")
TAKE_OVER = _load("take_over")
UNASK_RUN = _load("unask_run")
WAKE_DUE = _load("wake_due")
