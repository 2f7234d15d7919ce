"""What many look at is worked out once, and nobody gets less than there was when they asked."""

from __future__ import annotations

import asyncio

from services.gateway.adapters.web import shared_parts
from services.gateway.adapters.web.shared_parts import SharedParts


class World:
    """A clock that stands still, changes that are counted, and pages that say how many there had been."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.head = 0
        self.worked_out = 0
        self.parts = SharedParts(lambda: self.now_s, lambda: self.head)

    async def work_out(self) -> str:
        self.worked_out += 1
        said = f"{self.head} changes"
        await asyncio.sleep(0)
        return said

    async def get(self, address: str = "/") -> str:
        return await self.parts.get(address, self.work_out)


def test_fifty_who_ask_at_once_share_one() -> None:
    """Each address has its own."""
    world = World()

    async def main() -> list[str]:
        return await asyncio.gather(*(world.get() for _ in range(50)), world.get("/alerts"))

    assert ["0 changes"] * 51 == asyncio.run(main())
    assert 2 == world.worked_out


def test_what_has_changed_since_is_worked_out_anew_but_not_at_once() -> None:
    """It waits until the last one is so old, and has what came meanwhile."""
    world = World()

    async def main() -> tuple[str, str]:
        first = await world.get()
        world.head = 1
        world.now_s += shared_parts.LEAST_S / 1.01
        waiting = asyncio.create_task(world.get())
        await asyncio.sleep(0)
        world.head = 2
        return first, await waiting

    assert ("0 changes", "2 changes") == asyncio.run(main())


def test_who_asks_while_one_is_under_way_gets_the_next() -> None:
    """A change that came between its beginning and the question would be lost on the one that asks."""
    world = World()

    async def main() -> list[str]:
        first = asyncio.create_task(world.get())
        await asyncio.sleep(0)  # it is under way
        world.head, world.now_s = 1, world.now_s + shared_parts.LEAST_S
        return [await world.get(), await first]

    assert ["1 changes", "0 changes"] == asyncio.run(main())


def test_only_so_many_addresses_are_kept() -> None:
    """Whoever makes up addresses pushes out others, and fills nothing."""
    world = World()

    async def main() -> None:
        for number in range(shared_parts.MOST_PARTS + 10):
            await world.get(f"/events?cursor={number}")

    asyncio.run(main())
    assert shared_parts.MOST_PARTS == len(world.parts._parts)
