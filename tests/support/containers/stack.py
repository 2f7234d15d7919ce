"""A compose project under test: its containers, its ports, its passwords. InfluxDB 1.x stands in for 2.7."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.brokers import free_port

ROOT = Path(__file__).parents[3]
RECORDINGS = ROOT.parent / "shared" / "data"
FILES = ("docker-compose.yml", "tests/containers/compose.test.yml")
IMAGES = ("python:3.13-slim", "eclipse-mosquitto:2.0.21", "influxdb-1-with-v2-write:1.6.7")
SERVICES = ("sensor_reader", "event_processor", "counter_store", "alerter")


def run(*command: str, check: bool = True, environ: Mapping[str, str] | None = None, text: str | None = None) -> str:
    """Run a command in the checkout and return its output; AssertionError with all it said when it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def missing() -> str:
    """Return what this machine lacks for container tests, or nothing."""
    try:
        run("docker", "compose", "version")
        there = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    except (OSError, AssertionError) as error:
        return f"no container engine answers: {str(error).strip().splitlines()[-1]}"
    lacking = [image for image in IMAGES if image not in there]
    return f"images are missing: {', '.join(lacking)}" if lacking else ""


class Stack:
    """One compose project. ``environ`` holds the variables of the compose files and may be changed between calls."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mqtt_port, self.influx_port = free_port(), free_port()
        self.environ = {
            "MQTT_PORT": str(self.mqtt_port),
            "INFLUX_PORT": str(self.influx_port),
            "GATEWAY_PORT": str(free_port()),
            "UPSKEEP_RECORDINGS": str(RECORDINGS),
            "UPSKEEP_TAG": "test",
        }

    def compose(self, *words: str, check: bool = True) -> str:
        """Run ``docker compose`` on this project."""
        files = [word for file in FILES for word in ("-f", file)]
        return run("docker", "compose", "-p", self.name, *files, *words, check=check, environ=self.environ)

    def up(self, *services: str) -> None:
        """Start what is named, or everything, and wait until it is healthy."""
        try:
            self.compose("up", "-d", "--wait", "--wait-timeout", "120", *services)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.compose('logs', '--tail', '30', check=False)}") from None

    def container(self, service: str) -> str:
        """Return the name that compose gives a service's only container."""
        return f"{self.name}-{service}-1"

    def exec(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a service's container."""
        return run("docker", "exec", self.container(service), *command, check=check)

    def code(self, service: str, *command: str) -> int:
        """Run a command in a service's container; return its exit code."""
        container = self.container(service)
        return subprocess.run(["docker", "exec", container, *command], capture_output=True, check=False).returncode

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container, running or not."""
        found: list[dict[str, Any]] = json.loads(run("docker", "inspect", self.container(service)))
        return found[0]

    def health(self, service: str) -> str:
        """Return what a service's health check last came to."""
        return str(self.inspect(service)["State"]["Health"]["Status"])

    def operator_password(self) -> str:
        """Return the password of the user ``operator``, as docs/compose.md says to find it."""
        return self.exec("mosquitto", "cat", "/run/operator/mqtt")

    def logs(self, service: str) -> str:
        """Return what a service has said so far."""
        return self.compose("logs", "--no-log-prefix", "--no-color", service)


@contextmanager
def stack(name: str) -> Iterator[Stack]:
    """A project of its own name, gone with its volumes afterwards."""
    project = Stack(f"upskeep-test-{os.getpid()}-{name}")
    try:
        yield project
    finally:
        project.compose("down", "-v", "--remove-orphans", "--timeout", "5", check=False)
