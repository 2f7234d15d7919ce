"""What there is to read of a frame for who needs neither its values nor what went wrong."""

from __future__ import annotations

from shared.messages import Name, Sequenced
from shared.values import BoundedTime


class FrameHead(Sequenced):
    """When a frame is of, and whose; the rest may be anything. Nobody publishes one."""

    time: BoundedTime
    device: Name
    simulated: bool = False
