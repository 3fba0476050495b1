"""Agents: one that asks a model, and four that compose agents. Importing them loads no model library."""

from __future__ import annotations

from sagewai.agents.base import Agent
from sagewai.agents.conditional import ConditionalAgent
from sagewai.agents.loop import LoopAgent
from sagewai.agents.memory import ConversationMemory, Memory, Turn
from sagewai.agents.parallel import ParallelAgent
from sagewai.agents.sequential import SequentialAgent
from sagewai.agents.tools import Tool, tool
from sagewai.agents.universal import UniversalAgent

__all__ = [
    "Agent",
    "ConditionalAgent",
    "ConversationMemory",
    "LoopAgent",
    "Memory",
    "ParallelAgent",
    "SequentialAgent",
    "Tool",
    "Turn",
    "UniversalAgent",
    "tool",
]
