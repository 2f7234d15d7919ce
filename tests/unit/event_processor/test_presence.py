"""Who is there: one event a change, and none for a broker that restarts."""

from services.event_processor.core.pipeline.presence import (
    Known,
    PresenceChange,
    Sign,
    interrupted,
    report_changes,
    take_sign,
)

DWELL_S = 15.0


def after(*steps: tuple[float, Sign], known: Known | None = None, until: float | None = None) -> list[PresenceChange]:
    """Return the changes told of the service ``a`` after its signs, looked at every second."""
    return lived(*steps, known=known, until=until)[1]


def lived(
    *steps: tuple[float, Sign], known: Known | None = None, until: float | None = None
) -> tuple[Known, list[PresenceChange]]:
    """Return what is known in the end too."""
    known, told = known or {}, []
    last = steps[-1][0] + 60 if until is None else until
    for second in range(int(last) + 1):
        for at, sign in steps:
            if at == second:
                known = take_sign(known, "a", sign, "e1", second)
        known, changes = report_changes(known, DWELL_S, second)
        told += changes
    return known, told


def test_one_that_is_gone_is_reported_once_and_so_is_its_return():
    """A last will that lasts, and an online that lasts."""
    told = after((0, "online"), (20, "offline"), (60, "online"))

    assert [("offline", 1), ("online", 2)] == [(change.to, change.ordinal) for change in told]


def test_the_first_word_of_a_service_is_nothing_new():
    """Everybody comes online at the start."""
    assert [] == after((0, "online"))


def test_one_that_is_back_within_the_dwell_was_never_gone():
    """A broker that restarts tells last wills, and everybody comes back."""
    assert [] == after((0, "online"), (20, "offline"), (30, "online"))


def test_the_same_sign_again_tells_nothing():
    """Retained signs come at every reconnect."""
    assert 1 == len(after((0, "online"), (20, "offline"), (50, "offline"), (90, "offline")))


def test_a_clean_stop_is_no_failure():
    """And coming back from it no return."""
    assert [] == after((0, "online"), (20, "stopped"), (60, "online"))


def test_time_cut_off_from_the_broker_counts_for_nothing():
    """What was seen before has yet to last."""
    known = take_sign(take_sign({}, "a", "online", "e", 0), "a", "offline", "e", 10)
    known = interrupted(known, 100)

    assert () == report_changes(known, DWELL_S, 110)[1]
    assert 1 == len(report_changes(known, DWELL_S, 115)[1])


def test_many_services_are_remembered_and_no_more():
    """Names are anybody's to choose."""
    known: Known = {}
    for number in range(2000):
        known = take_sign(known, f"s{number}", "online", None, 0)

    assert 1000 == len(known)
