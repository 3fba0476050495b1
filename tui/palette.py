"""The palette: every action of the screen in front by what it does, with its key; views and contexts too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual.app import App
from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.keymap import spelled

if TYPE_CHECKING:
    from tui.navigation import Navigation


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done. Both texts are drawn as they are, never read as markup."""

    what: str
    key: str
    do: Callable[[], Awaitable[object]]

    @property
    def shown(self) -> Content:
        return Content.assemble((f"{self.key:<9}", "dim"), self.what)


def offers(app: Navigation, views: Sequence[str], contexts: Sequence[str]) -> tuple[Offer, ...]:
    """What can be done now: the screen's own actions first."""
    return (*_actions(app), *_commands(app, "view", views), *_commands(app, "context", contexts), _lock(app))


def _actions(app: App[None]) -> Iterator[Offer]:
    """The screen's, the console's, then those of what is in focus; each once, with its shortest key."""
    from tui.screens.help import not_ours

    found: dict[str, ActiveBinding] = {}
    for active in app.screen.active_bindings.values():
        binding = active.binding
        if active.enabled and binding.description and not not_ours(binding.action):
            other = found.get(binding.action)
            if other is None or len(binding.key) < len(other.binding.key):
                found[binding.action] = active
    nodes = (app.screen, app)
    for active in sorted(
        found.values(), key=lambda each: nodes.index(each.node) if each.node in nodes else 2
    ):
        if active.binding.action != "command_palette":
            yield _offer(app, active)


def _offer(app: App[None], active: ActiveBinding) -> Offer:
    async def do() -> None:
        await app.run_action(active.binding.action, active.node)

    binding = active.binding
    return Offer(binding.description, binding.key_display or spelled(binding.key), do)


def _commands(app: Navigation, verb: str, names: Sequence[str]) -> Iterator[Offer]:
    for name in names:

        async def do(line: str = f"{verb} {name}") -> None:
            await app.obey(line)

        yield Offer(f"{verb} {name}", app.habits.keymap.line("command", ":", verb), do)


def _lock(app: Navigation) -> Offer:
    async def do() -> None:
        app.lock()

    return Offer("lock: cover the picture", app.habits.keymap.line("command", ":", "lock"), do)


class Actions(Provider):
    """Finds them by what they do."""

    @property
    def _offered(self) -> Sequence[Offer]:
        return cast("Navigation", self.app).offered

    async def discover(self) -> Hits:
        for offer in self._offered:
            yield DiscoveryHit(offer.shown, offer.do, text=offer.what)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in self._offered:
            score = matcher.match(offer.what)
            if score > 0:
                yield Hit(score, offer.shown, offer.do, text=offer.what)
