"""A throw-away SLURM cluster on the loopback interface: real daemons, virtual nodes, fake GPUs, nothing under /etc.

Needs root and Debian's slurmctld, slurmd, slurm-client, slurmdbd, munge and mariadb-server; no systemd. By hand:
`python tests/slurm/cluster.py FOLDER` starts one, says how to talk to it and stops it on Ctrl-C.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

DAEMONS = ["munged", "mariadbd", "mariadb-install-db", "slurmdbd", "slurmctld", "slurmd"]
CLIENTS = ["sbatch", "srun", "squeue", "sacct", "sacctmgr", "scancel", "scontrol", "sinfo", "sshare"]
CPU_NODES = ["c1"]
GPU_NODES = ["g1", "g2"]
ACCOUNT = "lab"
GRACE_SECONDS = 30
CGROUPS = Path("/sys/fs/cgroup")

# Quick where a real cluster is slow. A node claims more CPUs and memory than this machine has.
CONFIGURATION = """
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
MpiDefault=none
MailProg=/bin/true
ProctrackType={tracking}
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
DefMemPerCPU=100
GresTypes=gpu
SlurmdParameters=config_overrides
SlurmdTimeout=10
KillWait=10
EnforcePartLimits=ALL
ReturnToService=2
MinJobAge=300
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={accounting_port}
AccountingStoragePass={folder}/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStorageEnforce=associations
AccountingStoreFlags=job_comment
"""
PARTITIONS = """
PartitionName=cpu Nodes={cpu} Default=YES MaxTime=1-00 State=UP
PartitionName=gpu Nodes={gpu} MaxTime=1-00 State=UP GraceTime={grace}
PartitionName=urgent Nodes={gpu} MaxTime=1-00 State=UP PriorityTier=10
"""
ACCOUNTING = """
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={accounting_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database_port}
StorageUser=slurm
StoragePass=lab
StorageLoc=slurm_acct
PidFile={folder}/slurmdbd.pid
LogFile={folder}/log/slurmdbd.log
"""
DATABASE = """
create database slurm_acct;
create user slurm@'127.0.0.1' identified by 'lab';
create user slurm@localhost identified by 'lab';
grant all on slurm_acct.* to slurm@'127.0.0.1';
grant all on slurm_acct.* to slurm@localhost;
"""


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Return as soon as `condition` holds; TimeoutError that says what did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.1)


def ended(process: psutil.Process) -> bool:
    """Say whether a process has ended, though perhaps nobody has asked for its exit status yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Cluster:
    """One controller with accounting, a node for CPU jobs and two with a fake GPU each, all on this host.

    `environment` is what a process needs to use it: wrappers of SLURM's commands come first on PATH, because the job
    step of Snakemake's plugin removes every SLURM variable, SLURM_CONF with them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        self._database: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start everything and wait until all nodes are idle."""
        missing = [
            program for program in (*DAEMONS, *CLIENTS) if shutil.which(program, path=self._search_path()) is None
        ]
        if missing or os.geteuid() != 0:
            raise RuntimeError(f"the test cluster needs root and the programs {missing}: run `make test-slurm` as root")
        for name in ("log", "state", "bin", "database", *(f"spool.{node}" for node in self.nodes)):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self._start_munge()
        self._start_database()
        self._daemon("slurmdbd")
        wait_until(lambda: self.call("sacctmgr", "-n", "show", "cluster", check=False) is not None, "accounting")
        for words in (["cluster", "lab"], ["account", ACCOUNT], ["user", "root", f"account={ACCOUNT}"]):
            self.call("sacctmgr", "-i", "add", *words, check=False)
        self.start_controller()
        for node in self.nodes:
            self.start_node(node)
        wait_until(lambda: self.node_states() == dict.fromkeys(self.nodes, "idle"), "idle nodes")

    @property
    def nodes(self) -> list[str]:
        """Return the names of all nodes."""
        return [*CPU_NODES, *GPU_NODES]

    def call(self, *words: str, check: bool = True) -> str | None:
        """Run one of SLURM's commands and return what it prints; None where it fails and `check` is off."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode and check:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
        return None if done.returncode else done.stdout

    def node_states(self) -> dict[str, str]:
        """Return every node's state as sinfo calls it."""
        lines = (self.call("sinfo", "-h", "-N", "-o", "%N %t", check=False) or "").split("\n")
        return dict(line.split() for line in lines if line)

    def start_controller(self) -> None:
        """Start slurmctld; it takes up the state that an earlier one left."""
        self._daemon("slurmctld")
        wait_until(lambda: self.call("scontrol", "ping", check=False), "controller")

    def stop_controller(self) -> None:
        """End slurmctld; running jobs go on."""
        self._stop("slurmctld", 30)  # it saves its state

    def start_node(self, node: str) -> None:
        """Start a node's daemon; a node that was lost is put back to work as soon as it reports (ReturnToService)."""
        self._daemon("slurmd", "-N", node)
        wait_until(lambda: not self.node_states().get(node, "down").startswith("down"), f"{node} at work")

    def crash_node(self, node: str) -> None:
        """Kill a node with all that runs on it, as a power cut does, and let the controller know at once."""
        os.kill(int((self.folder / f"slurmd.{node}.pid").read_text()), signal.SIGKILL)
        self._kill_jobs_of(node)
        self.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=crash")

    def stop(self) -> None:
        """End everything that `start` started, jobs included."""
        self.call("scancel", "--user=root", check=False)
        for node in self.nodes:
            self._kill_jobs_of(node)
        for name in ("slurmctld", *(f"slurmd.{node}" for node in self.nodes), "slurmdbd"):
            self._stop(name)
        if self._database is not None:  # nothing in it is wanted any more
            self._database.kill()
            self._database.wait()
        self._stop("munged")
        for node in self.nodes:
            for group in sorted(CGROUPS.glob(f"*/slurm_{node}/**/"), reverse=True):
                with suppress(OSError):
                    group.rmdir()

    def logs(self) -> str:
        """Return what the daemons complained about."""
        lines = [
            line for file in (self.folder / "log").glob("*") for line in file.read_text(errors="replace").split("\n")
        ]
        return "\n".join(line for line in lines if "error" in line or "fatal" in line)

    def _search_path(self) -> str:
        return os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=self._search_path())
        assert found is not None
        return found

    def _write_configuration(self) -> None:
        names = ["controller_port", "accounting_port", "database_port", *self.nodes]
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        values = {**ports, "folder": self.folder, "host": socket.gethostname().partition(".")[0]}
        values["tracking"] = self._tracking()
        lines = [CONFIGURATION.format(**values)]
        for node in self.nodes:
            gpu = " Gres=gpu:fake:1" if node in GPU_NODES else ""
            lines.append(
                f"NodeName={node} NodeHostname={values['host']} NodeAddr=127.0.0.1 Port={ports[node]} "
                f"CPUs=16 RealMemory=64000{gpu}\n"
            )
        lines.append(PARTITIONS.format(cpu=",".join(CPU_NODES), gpu=",".join(GPU_NODES), grace=GRACE_SECONDS))
        (self.folder / "slurm.conf").write_text("".join(lines))
        gpus = [f"NodeName={node} Name=gpu Type=fake File=/dev/null\n" for node in GPU_NODES]
        (self.folder / "gres.conf").write_text("".join(gpus))
        secret = self.folder / "slurmdbd.conf"
        secret.touch(mode=0o600)
        secret.write_text(ACCOUNTING.format(**values))
        self._database_port = ports["database_port"]
        for client in CLIENTS:
            wrapper = self.folder / "bin" / client
            wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {self._program(client)} "$@"\n')
            wrapper.chmod(0o755)

    def _tracking(self) -> str:
        """Return how a job's processes are found: as on most clusters by cgroup, where this machine lets us write them.

        It matters: with cgroups SLURM warns the first process of a step only, with process groups all of them.
        """
        freezer = CGROUPS / "freezer/cgroup.procs"
        if not (freezer.is_file() and os.access(freezer, os.W_OK)):
            return "proctrack/pgid"
        (self.folder / "cgroup.conf").write_text(f"CgroupMountpoint={CGROUPS}\nCgroupPlugin=cgroup/v1\n")
        return "proctrack/cgroup"

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        files = {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munged.pid",
            "log-file": "log/munged.log",
        }
        options = [f"--{option}={self.folder / file}" for option, file in (files | {"seed-file": "munge.seed"}).items()]
        self._daemon("munged", *options)

    def _start_database(self) -> None:
        data, log = self.folder / "database", self.folder / "log/database.log"
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-test-db"]
        server = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", "--bind-address=127.0.0.1"]
        server += [f"--socket={data}/socket", f"--port={self._database_port}", "--innodb-lock-wait-timeout=900"]
        with log.open("wb") as stream:
            normal = "--auth-root-authentication-method=normal"
            subprocess.run([self._program(install[0]), *install[1:], normal], stdout=stream, stderr=stream, check=True)
            self._database = subprocess.Popen([self._program(server[0]), *server[1:]], stdout=stream, stderr=stream)
        client = [self._program("mariadb"), "--no-defaults", f"--socket={data}/socket", "--user=root"]

        def answers() -> bool:
            return subprocess.run([*client, "-e", "select 1"], capture_output=True, check=False).returncode == 0

        wait_until(answers, "database")
        subprocess.run(client, input=DATABASE, text=True, check=True)

    def _daemon(self, *words: str) -> None:
        """Start a program that goes into the background by itself."""
        with (self.folder / "log" / f"{words[0]}.stderr").open("ab") as stream:
            done = subprocess.run(
                [self._program(words[0]), *words[1:]],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} did not start:\n{self.logs()}")

    def _stop(self, name: str, seconds: float = 1.0) -> None:
        """End a daemon, by force if it has not ended after a while."""
        with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
            process = psutil.Process(int((self.folder / f"{name}.pid").read_text()))
            process.terminate()
            try:
                process.wait(seconds)
            except psutil.TimeoutExpired:
                process.kill()

    def _kill_jobs_of(self, node: str) -> None:
        """Kill all jobs of a node at one instant: none of their processes may see another one go and react."""
        processes = []
        for daemon in step_daemons(self.folder / f"spool.{node}"):
            with suppress(psutil.NoSuchProcess):
                processes += [daemon, *daemon.children(recursive=True)]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)


def step_daemons(spool: Path) -> Iterator[psutil.Process]:
    """Yield the slurmstepd processes of the node with this spool folder: each listens on a socket in it."""
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.NoSuchProcess):
            if process.info["name"] == "slurmstepd":
                sockets = [connection.laddr for connection in process.net_connections("unix")]
                if any(Path(str(socket)).parent == spool for socket in sockets):
                    yield process


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Yield a started cluster and stop it afterwards, come what may."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def main() -> None:
    """Run a cluster until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in the background
    with suppress(KeyboardInterrupt), running_cluster(Path(sys.argv[1]).resolve()) as cluster:
        print(f"export SLURM_CONF={cluster.environment['SLURM_CONF']} PATH={cluster.folder}/bin:$PATH", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
