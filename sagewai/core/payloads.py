"""Typed values to JSON text and back: plain values go straight through, annotated ones through pydantic."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sagewai.core.codec import MAX_PAYLOAD, decode, encode, is_plain
from sagewai.errors import PayloadError, PayloadTooLarge, StepInputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_PLAIN = (str, int, float, bool, dict, list, type(None))


class Payload:
    """One annotated place: a step's parameter or its return value. ``annotation`` None means anything plain."""

    def __init__(self, annotation: Any = None) -> None:
        self.annotation = annotation
        self.typed = annotation is not None and annotation not in (Any, object)
        self._plain_type = annotation if annotation in _PLAIN else None

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        return TypeAdapter(self.annotation)

    def plain(self, value: object, *, what: str) -> Any:
        """``value`` in the codec's plain types; what is plain already stays itself. Raises PayloadError."""
        if not self.typed or is_plain(value):
            return value
        try:
            return self.adapter.dump_python(value, mode="json", warnings="error")
        except Exception as error:  # whatever a custom serializer raises, the place is what helps
            raise PayloadError(
                f"{what} doesn't fit its annotation {self.annotation!r}: {_first_line(error)}"
            ) from None

    def dump(self, value: object, *, what: str, limit: int = MAX_PAYLOAD) -> str:
        """JSON text that :meth:`load` reads back. Raises PayloadError naming the place."""
        try:
            return encode(value, what=what, limit=limit)
        except PayloadTooLarge:
            raise
        except PayloadError:
            if not self.typed:
                raise
        return encode(self.plain(value, what=what), what=what, limit=limit)

    def load(self, text: str, *, what: str) -> Any:
        """The value, validated against the annotation. Raises StepInputError naming the place."""
        return self.load_plain(decode(text), text, what=what)

    def load_plain(self, value: Any, text: str | None = None, *, what: str) -> Any:
        """The same from a value that is decoded already; ``text`` is its JSON text where the caller has it."""
        if not self.typed or type(value) is self._plain_type:
            return value
        try:  # JSON mode: what pydantic takes from JSON (a date, a tuple) it may refuse from Python values
            return self.adapter.validate_json(encode(value) if text is None else text)
        except ValueError as first:
            try:  # pydantic's own JSON reader refuses what the codec allows, lone surrogates for one
                return self.adapter.validate_python(value)
            except ValueError:
                raise StepInputError(
                    f"{what} doesn't fit {self.annotation!r}: {_first_line(first)}"
                ) from None

    @property
    def readable(self) -> bool:
        """Whether pydantic, which reads what isn't plain, knows the annotation."""
        if not self.typed or self._plain_type is not None:
            return True
        try:
            _ = self.adapter
        except Exception:  # an annotation can bring a hook of its own
            return False
        return True


def _first_line(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if callable(errors):  # pydantic's: where and what, without echoing the value
        found = errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'value'}: {item['msg']}" for item in found[:3])
    return str(error).partition("\n")[0]
