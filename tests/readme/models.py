"""What the README's models say: the clerk is known by its tools, who must answer in a form by that; else a sentence."""

from __future__ import annotations

import json

from tests.agents.endpoint import Call, Reply, Request

LETTER = {"urgent": True, "order": "A-17"}


def answer(request: Request) -> str | Reply:
    """As a model might: the clerk looks up, then pays back, then says so; who must give a letter's facts gives them."""
    if "pay_back" in request.tools:
        if not request.results:
            return Reply(None, calls=(Call("look_up", {"order": "A-17"}),))
        if len(request.results) == 1:
            return Reply(None, calls=(Call("pay_back", {"order": "A-17", "cents": 4200}),))
        return f"Done: {request.results[-1]}."
    if "response_format" in request.body:
        return json.dumps(LETTER)
    return f"{request.model} says: {request.prompt}"
