"""Where in a YAML file a fault is."""

from __future__ import annotations

from pathlib import Path

import yaml

from shared.bounded_yaml import load_yaml
from shared.settings import Fault

Step = str | int


class Lines:
    """Finds the line of a path in a YAML file that has been read without a fault."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root, _ = load_yaml(path.read_text(encoding="utf-8"))

    def fault(self, path: tuple[Step, ...], reason: str) -> Fault:
        """Return the fault, with the line of the deepest node on ``path`` that stands in the file."""
        node, line = self.root, 0
        for step in path:
            found = _below(node, step)
            if found is None:
                break
            line, node = found
        return Fault(f"{self.path}:{line + 1}", ".".join(map(str, path)), reason)


def _below(node: yaml.Node | None, step: Step) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    return None
