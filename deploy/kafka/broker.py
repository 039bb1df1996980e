"""A Kafka broker in one process: fetch the jars, format the folder, start, stop, kill, start again on the same data."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
JARS = HERE / "jars"
TARGET = HERE / "target"
UP_SECONDS = 60.0

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
# A topic that nobody has made on purpose would get settings that lose events.
auto.create.topics.enable=false
# One node holds one copy of everything.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
"""


class Unavailable(Exception):
    """The broker cannot be had here, and why."""


def fetch_jars() -> Path:
    """The jars, fetched with Maven where they are not there yet; several processes at once wait for the first."""
    TARGET.mkdir(exist_ok=True)
    with (TARGET / "jars.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not JARS.is_dir():
            _fetch_jars()
    return JARS


def _fetch_jars() -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("Maven (mvn) is not installed, and the jars of Kafka have not been fetched")
    # Under another name until all are there: half of the jars must never look like all of them.
    incoming = TARGET / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    command = [maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={incoming}"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise Unavailable(f"Maven could not fetch the jars of Kafka: {done.stdout[-500:]}")
    incoming.rename(JARS)


class Broker:
    """`with Broker(folder) as broker: broker.address`. The folder keeps the data between starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, controller = free_ports(2)
        self.process: subprocess.Popen[bytes] | None = None
        self._java = shutil.which("java")
        if self._java is None:
            raise Unavailable("Java is not installed")
        self._classpath = f"{fetch_jars()}/*"
        folder.mkdir(parents=True, exist_ok=True)
        self._properties = folder / "server.properties"
        self._properties.write_text(PROPERTIES.format(port=self.port, controller=controller, folder=folder))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return once the broker answers on its port."""
        if not (self.folder / "data").exists():
            self._format()
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command("-Xmx512m"), "kafka.Kafka", str(self._properties)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )
        until = time.monotonic() + UP_SECONDS
        while not _listens(self.port):
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise Unavailable(f"Kafka did not come up; see {self.folder / 'broker.log'}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop as an operator would."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def kill(self) -> None:
        """Kill -9: nothing is flushed or said goodbye to."""
        if self.process is not None:
            if self.process.poll() is None:
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _format(self) -> None:
        cluster = self._tool("kafka.tools.StorageTool", "random-uuid").strip().splitlines()[-1]
        self._tool("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(self._properties))

    def _tool(self, *words: str) -> str:
        done = subprocess.run(
            [*self._command("-Xmx128m"), *words], cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise Unavailable(f"{words[0]} failed: {(done.stdout + done.stderr)[-500:]}")
        return done.stdout

    def _command(self, memory: str) -> list[str]:
        assert self._java is not None
        return [
            self._java,
            memory,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dlog4j2.level=WARN",
            "-cp",
            self._classpath,
        ]


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
