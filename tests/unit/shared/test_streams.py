"""The two ends of a stream against an adversary: drop, repeat, reorder, crash at any step."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.delivery.inbound import GRACE_S, RETRY_S, Inbound, Loss, Verdict
from shared.delivery.outbound import Outbound

WINDOW = 8


@dataclass
class Consumer:
    """A consumer's disk (``applied``, ``log``) and memory (``inbound``)."""

    applied: int = 0
    log: list[int] = field(default_factory=list)
    inbound: Inbound[int] = field(default_factory=lambda: Inbound(room=WINDOW))

    def take(self, seq: int, now: float) -> None:
        if self.inbound.offer(seq, seq, now) is Verdict.APPLY:
            self.log.append(seq)
            self.log.extend(self.inbound.successors(now))
        self.applied = self.inbound.applied

    def crash(self) -> None:
        self.inbound = Inbound(applied=self.applied, known=self.applied > 0, room=WINDOW, head=self.applied)


@dataclass
class World:
    """One producer, several consumers, and a wire that loses, repeats and reorders."""

    names: tuple[str, ...]
    now: float = 0.0
    wire: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.out = Outbound(awaited=self.names, window=WINDOW)
        self.consumers = {name: Consumer() for name in self.names}
        for name in self.names:
            self.out.seen(name, True)

    def produce(self) -> None:
        self.out.head += 1

    def publish(self) -> None:
        for seq in self.out.live(4):
            self.wire += [(name, seq) for name in self.names]
            self.out.confirmed(range(seq, seq + 1))  # confirmed by the broker, and still lost by it perhaps
        for name in list(self.out.asks):
            self.wire += [(name, seq) for seq in self.out.resend(name, 4)]

    def deliver(self, index: int) -> None:
        if self.wire:
            name, seq = self.wire.pop(index % len(self.wire))
            self.consumers[name].take(seq, self.now)

    def lose(self, index: int) -> None:
        if self.wire:
            self.wire.pop(index % len(self.wire))

    def repeat(self, index: int) -> None:
        if self.wire:
            self.wire.append(self.wire[index % len(self.wire)])

    def checkpoint(self) -> None:
        self.now += RETRY_S + GRACE_S
        for consumer in self.consumers.values():
            consumer.inbound.announce(self.out.floor, self.out.head, self.now)
        self.now += RETRY_S + GRACE_S
        for name, consumer in self.consumers.items():
            self.out.checkpoint(name, consumer.applied, consumer.inbound.must_ask(self.now))
        done = self.out.done()
        if done >= self.out.floor:
            self.out.trimmed(done)

    def crash_producer(self) -> None:
        out = self.out
        self.out = Outbound(
            out.awaited, WINDOW, out.floor, out.head, published=out.floor - 1, sent=out.floor - 1, marks=dict(out.marks)
        )
        for name in self.names:
            self.out.seen(name, True)

    def crash_consumer(self, index: int) -> None:
        self.consumers[self.names[index % len(self.names)]].crash()


STEPS = st.lists(
    st.one_of(
        st.sampled_from([("produce",), ("publish",), ("checkpoint",), ("crash_producer",)]),
        st.tuples(st.sampled_from(["deliver", "lose", "repeat", "crash_consumer"]), st.integers(0, 50)),
    ),
    max_size=120,
)


@settings(max_examples=400, deadline=None)
@given(steps=STEPS, consumers=st.integers(1, 3))
def test_every_message_is_applied_exactly_once_and_in_order_whatever_happens(steps, consumers):
    """Every consumer applies 1…n, each once and in order, for any interleaving."""
    world = World(tuple(f"c{i}" for i in range(consumers)))

    for name, *arguments in steps:
        getattr(world, name)(*arguments)
    for _ in range(40 + 4 * world.out.head):
        world.publish()
        while world.wire:
            world.deliver(0)
        world.checkpoint()

    expected = list(range(1, world.out.head + 1))
    assert dict.fromkeys(world.names, expected) == {n: c.log for n, c in world.consumers.items()}
    assert world.out.floor == world.out.head + 1  # and nothing is left behind


@settings(deadline=None)
@given(steps=STEPS)
def test_a_producer_never_runs_more_than_a_window_ahead_of_who_is_online(steps):
    """What is on its way live stays within the window of the slowest consumer that is online."""
    world = World(("a", "b"))

    for name, *arguments in steps:
        getattr(world, name)(*arguments)
        slowest = min(max(world.out.marks.get(n, 0), world.out.floor - 1) for n in world.names)
        assert world.out.sent - slowest <= WINDOW


@dataclass
class Household:
    """One producer whose disk may be wiped, and consumers that come, go and are wiped themselves."""

    now: float = 0.0
    epoch: int = 1
    wire: list[tuple[str, int, int]] = field(default_factory=list)
    floors: dict[str, int] = field(default_factory=dict)
    logs: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    inbounds: dict[tuple[str, int], Inbound[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.out = Outbound(awaited=("a",), window=WINDOW)
        self.out.seen("a", True)
        self.logs["a"] = {}

    def produce(self) -> None:
        self.out.head += 1

    def publish(self) -> None:
        for seq in self.out.live(4):
            self.wire += [(name, self.epoch, seq) for name in self.logs]
            self.out.confirmed(range(seq, seq + 1))
        for name in list(self.out.asks):
            seqs = self.out.resend(name, 4)
            self.inbound(name, self.epoch).step_over(self.out.floor, self.out.head, self.now)
            self.drain(name, self.epoch)
            self.wire += [(name, self.epoch, seq) for seq in seqs]

    def inbound(self, name: str, epoch: int) -> Inbound[int]:
        if (name, epoch) not in self.inbounds:
            stranger = not any(known == name for known, _ in self.inbounds)
            self.inbounds[name, epoch] = Inbound(room=WINDOW, newcomer=stranger)
        return self.inbounds[name, epoch]

    def drain(self, name: str, epoch: int) -> None:
        self.logs[name].setdefault(epoch, []).extend(self.inbound(name, epoch).successors(self.now))

    def deliver(self, index: int) -> None:
        if self.wire:
            name, epoch, seq = self.wire.pop(index % len(self.wire))
            if name in self.logs and self.inbound(name, epoch).offer(seq, seq, self.now) is Verdict.APPLY:
                self.logs[name].setdefault(epoch, []).append(seq)
                self.drain(name, epoch)

    def lose(self, index: int) -> None:
        if self.wire:
            self.wire.pop(index % len(self.wire))

    def checkpoint(self) -> None:
        self.now += RETRY_S + GRACE_S
        for name in self.logs:
            self.inbound(name, self.epoch).announce(self.out.floor, self.out.head, self.now)
        self.now += RETRY_S + GRACE_S
        for name in self.logs:
            inbound = self.inbound(name, self.epoch)
            self.out.checkpoint(name, inbound.applied, inbound.must_ask(self.now))
        if (done := self.out.done()) >= self.out.floor:
            self.out.trimmed(done)

    def wipe_producer(self) -> None:
        """Its disk is new: it counts from 1 again, under another epoch."""
        self.epoch += 1
        self.out = Outbound(awaited=self.out.awaited, window=WINDOW)
        for name in self.logs:
            self.out.seen(name, True)

    def join(self, index: int) -> None:
        """A consumer that was never there is added to the configuration."""
        name = f"new{index % 3}"
        if name not in self.logs:
            self.logs[name] = {}
            self.floors[name] = self.epoch
            self._await((*self.out.awaited, name))

    def leave(self, index: int) -> None:
        """A consumer is taken out of the configuration."""
        name = f"new{index % 3}"
        if name in self.logs:
            del self.logs[name], self.floors[name]
            for key in [key for key in self.inbounds if key[0] == name]:
                del self.inbounds[key]
            self._await(tuple(awaited for awaited in self.out.awaited if awaited != name))

    def _await(self, names: tuple[str, ...]) -> None:
        out = self.out
        marks = {name: seq for name, seq in out.marks.items() if name in names}
        self.out = Outbound(names, WINDOW, out.floor, out.head, out.published, out.published, marks)
        for name in self.logs:
            self.out.seen(name, True)


CHANGES = st.lists(
    st.one_of(
        st.sampled_from([("produce",), ("produce",), ("publish",), ("checkpoint",), ("wipe_producer",)]),
        st.tuples(st.sampled_from(["deliver", "deliver", "lose", "join", "leave"]), st.integers(0, 50)),
    ),
    max_size=120,
)


@settings(max_examples=400, deadline=None)
@given(steps=CHANGES)
def test_consumers_that_come_and_go_and_a_producer_that_is_wiped_break_nothing(steps):
    """Whoever is there applies the last epoch whole from where it began, and of earlier ones nothing twice."""
    house = Household()

    for name, *arguments in steps:
        getattr(house, name)(*arguments)
    for _ in range(40 + 4 * house.out.head):
        house.publish()
        while house.wire:
            house.deliver(0)
        house.checkpoint()

    everything = list(range(1, house.out.head + 1))
    assert house.out.floor == house.out.head + 1  # nobody who has left is waited for
    assert everything == house.logs["a"].get(house.epoch, [])
    for name, logs in house.logs.items():
        for epoch, log in logs.items():
            assert sorted(set(log)) == log
            if epoch == house.epoch and log:
                first = 1 if name == "a" or house.floors[name] < epoch else log[0]
                assert list(range(first, house.out.head + 1)) == log


@given(st.permutations(list(range(1, 9))))
def test_any_order_within_the_window_is_put_right(order):
    """Messages that overtake each other are applied in order."""
    consumer = Consumer()

    for seq in order:
        consumer.take(seq, 0.0)

    assert list(range(1, 9)) == consumer.log


def test_a_repeat_is_dropped():
    """What was applied or is held already is a repeat."""
    inbound: Inbound[str] = Inbound()

    assert Verdict.APPLY is inbound.offer(1, "a", 0)
    assert Verdict.REPEAT is inbound.offer(1, "a", 0)
    assert Verdict.HOLD is inbound.offer(3, "c", 0)
    assert Verdict.REPEAT is inbound.offer(3, "c", 0)


def test_beyond_its_room_a_consumer_holds_nothing():
    """What comes early beyond the room is dropped, to be asked for."""
    inbound: Inbound[int] = Inbound(room=2)

    assert [Verdict.HOLD, Verdict.HOLD, Verdict.DROP] == [inbound.offer(seq, seq, 0) for seq in (3, 4, 5)]


def test_a_gap_is_asked_for_after_a_grace_and_again_after_a_while():
    """A gap that closes by itself asks for nothing; one that stays asks, then asks again."""
    inbound: Inbound[int] = Inbound(known=True)
    inbound.offer(2, 2, 10.0)

    assert not inbound.must_ask(10.0 + GRACE_S / 2)
    assert inbound.must_ask(10.0 + GRACE_S)
    assert not inbound.must_ask(10.0 + GRACE_S + RETRY_S / 2)
    assert inbound.must_ask(10.0 + GRACE_S + RETRY_S)


def test_an_announced_head_reveals_a_lost_tail():
    """When the last messages are lost nothing follows to show the gap; the announced head does."""
    inbound: Inbound[int] = Inbound(applied=5, known=True, head=5)
    inbound.announce(1, 7, 0.0)

    assert inbound.behind
    assert inbound.must_ask(GRACE_S)


def test_a_newcomer_begins_at_the_floor_and_loses_nothing():
    """A consumer that was never there before has no claim on what is gone."""
    inbound: Inbound[int] = Inbound(newcomer=True)
    inbound.offer(10, 10, 0.0)

    assert inbound.step_over(9, 10, 0.0) is None
    assert inbound.offer(9, 9, 0.0) is Verdict.APPLY
    assert [10] == list(inbound.successors(0.0))


def test_what_the_producer_no_longer_holds_is_lost_once_and_said_so():
    """A consumer that was there before names exactly what it missed."""
    inbound: Inbound[int] = Inbound(applied=4, known=True)

    assert Loss(5, 8) == inbound.step_over(9, 12, 0.0)
    assert inbound.step_over(9, 12, 0.0) is None


def test_an_ended_epoch_is_applied_as_far_as_it_goes():
    """What is held of a life that is over is applied, its gaps are losses."""
    inbound: Inbound[int] = Inbound(applied=1, known=True)
    for seq in (3, 6):
        inbound.offer(seq, seq, 0.0)

    assert Loss(2, 2) == inbound.abandon(0.0)
    assert [3] == list(inbound.successors(0.0))
    assert Loss(4, 5) == inbound.abandon(0.0)
    assert [6] == list(inbound.successors(0.0))
    assert inbound.abandon(0.0) is None
    assert not inbound.behind


def test_a_lost_connection_takes_back_what_was_not_confirmed():
    """After a reconnect everything unconfirmed goes out again."""
    out = Outbound(head=5)
    assert range(1, 6) == out.live(10)
    out.confirmed(range(1, 2))
    out.confirmed(range(3, 4))

    out.disconnected()

    assert range(2, 6) == out.live(10)


def test_a_consumer_that_is_away_holds_nobody_back():
    """The window counts those who are online; who is away catches up from the outbox."""
    out = Outbound(awaited=("a", "b"), window=3, head=10)
    out.seen("a", True)
    assert range(1, 4) == out.live(10)

    out.seen("a", False)

    assert range(4, 11) == out.live(10)


def test_a_stream_nobody_is_awaited_for_is_kept_until_confirmed():
    """Without durable consumers a row may go when the broker has it."""
    out = Outbound(head=2)
    out.live(10)
    assert 0 == out.done()

    out.confirmed(range(1, 2))

    assert 1 == out.done()


def test_a_consumer_behind_the_floor_is_told_so():
    """When the oldest rows had to go, whoever asks for them gets what is left, from the floor."""
    out = Outbound(awaited=("a",), window=3, floor=101, head=110, published=110, sent=110)
    out.checkpoint("a", 20, ask=True)

    assert range(101, 104) == out.resend("a", 10)
