"""A real Kafka of one node or more on loopback, from its jars (`make kafka`): started, killed and started again."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # it has no __all__

from tests.support.authority import Authority
from tests.support.brokers import free_port

ROOT = Path(__file__).parents[2]
JARS = ROOT / ".venv" / "kafka" / "libs"
DEADLINE_S = 90.0
SCRAM = "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
USER, PASSWORD = "hut", "right-1"  # of the secure listener
ID = "MkU3OEVBNTcwNTJENDM2Qk"  # any
JAVA = ("-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=warn")


@dataclass
class Node:
    """One node: broker and controller in one process."""

    number: int
    port: int
    controller: int
    folder: Path
    secure: int = 0  # the port with TLS and a login; 0: none
    process: subprocess.Popen[bytes] | None = None

    @property
    def properties(self) -> Path:
        """Its settings."""
        return self.folder / f"{self.number}.properties"


@dataclass
class Kafka:
    """A cluster; ``start`` waits until it answers."""

    folder: Path
    size: int = 1
    nodes: list[Node] = field(default_factory=list)
    authority: Authority | None = None  # given: each node also listens with TLS and SCRAM

    @property
    def servers(self) -> str:
        """What a client is given."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Start all nodes, each on a fresh disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.nodes = [Node(n, free_port(), free_port(), self.folder) for n in range(1, self.size + 1)]
        if self.authority is not None:
            certificate, key = self.authority.sign("kafka", san="IP:127.0.0.1")
            (self.folder / "kafka.pem").write_bytes(key.read_bytes() + certificate.read_bytes())
            for node in self.nodes:
                node.secure = free_port()
        for node in self.nodes:
            node.properties.write_text(self._properties(node), encoding="ascii")
            formatted = [*_java(), "kafka.tools.StorageTool", "format", "-t", ID, "-c", str(node.properties)]
            if node.secure:
                formatted += ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"]
            subprocess.run(formatted, check=True, capture_output=True)
        for node in self.nodes:
            self.run(node)
        for node in self.nodes:
            self.wait(node)

    def run(self, node: Node) -> None:
        """Start a node's process."""
        with (self.folder / f"{node.number}.log").open("ab") as out:
            command = [*_java(), "kafka.Kafka", str(node.properties)]
            node.process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def wait(self, node: Node) -> None:
        """Wait until a node listens."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", node.port)) == 0:
                    return
            assert node.process is not None
            assert node.process.poll() is None, (self.folder / f"{node.number}.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Kafka does not answer"
            time.sleep(0.1)

    def kill(self, node: Node) -> None:
        """End a node as a power cut would."""
        assert node.process is not None
        node.process.send_signal(signal.SIGKILL)
        node.process.wait()

    def stop(self) -> None:
        """End all of it."""
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                self.kill(node)

    def make_topic(self, name: str, partitions: int, **settings: str) -> None:
        """Make a topic, and wait until it is there."""
        admin = AdminClient({"bootstrap.servers": self.servers})
        topic = NewTopic(name, num_partitions=partitions, replication_factor=min(3, self.size), config=settings)
        for made in admin.create_topics([topic], operation_timeout=30).values():
            made.result(DEADLINE_S)

    def _properties(self, node: Node) -> str:
        copies, in_step = min(3, self.size), max(1, min(3, self.size) - 1)
        voters = ",".join(f"{each.number}@127.0.0.1:{each.controller}" for each in self.nodes)
        return "".join(f"{line}\n" for line in self._lines(node, voters, copies, in_step))

    def _lines(self, node: Node, voters: str, copies: int, in_step: int) -> Iterator[str]:
        yield from ("process.roles=broker,controller", f"node.id={node.number}", f"controller.quorum.voters={voters}")
        open_at = f"PLAINTEXT://127.0.0.1:{node.port}" + (f",SECURE://127.0.0.1:{node.secure}" if node.secure else "")
        yield from (f"listeners={open_at},CONTROLLER://127.0.0.1:{node.controller}", f"advertised.listeners={open_at}")
        if node.secure:
            yield "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL"
            yield from ("ssl.keystore.type=PEM", f"ssl.keystore.location={self.folder}/kafka.pem")
            yield from ("sasl.enabled.mechanisms=SCRAM-SHA-512", f"listener.name.secure.scram-sha-512.{SCRAM}")
            yield "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
            yield from ("super.users=User:ANONYMOUS", "allow.everyone.if.no.acl.found=true")  # who has no login may all
        yield from ("controller.listener.names=CONTROLLER", "inter.broker.listener.name=PLAINTEXT")
        yield from (f"log.dirs={self.folder}/data{node.number}", "group.initial.rebalance.delay.ms=0")
        yield "group.min.session.timeout.ms=1000"
        yield from (f"default.replication.factor={copies}", f"min.insync.replicas={in_step}", "num.partitions=12")
        yield from (f"offsets.topic.replication.factor={copies}", "offsets.topic.num.partitions=3")
        yield from (f"transaction.state.log.replication.factor={copies}", f"transaction.state.log.min.isr={in_step}")
        yield "auto.create.topics.enable=false"


def _java() -> list[str]:
    return ["java", *JAVA, "-cp", f"{JARS}/*"]
