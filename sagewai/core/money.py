"""Amounts of money as people read them. Pure."""

from __future__ import annotations


def money(usd: float | None) -> str:
    """An amount in USD, ``unknown`` where no price is known: $0.0042, $1.23, $12,345."""
    if usd is None:
        return "unknown"
    if 0 < usd < 0.00005:
        return "<$0.0001"
    if usd < 0.99995:
        return f"${usd:.4f}" if usd else "$0"
    return f"${usd:.2f}" if usd < 9_999.995 else f"${usd:,.0f}"
