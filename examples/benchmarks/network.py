"""Run a script on several "hosts" of this machine, over a network of limited speed.

    sudo python examples/benchmarks/network.py --hosts 4 --gigabits 1 --milliseconds 1 \
        -- examples/benchmarks/ranks.py CORPUS.txt[.xz] --max-words 4e6

A host is a network namespace of Linux with one process of the script, which finds the
others by the environment, as torchrun sets it. A cable of `--gigabits` in each
direction connects each host with a switch, and a round trip between two hosts takes
`--milliseconds` more than without a network. The switch is the program network.c.
Needs root, a C compiler, and the commands ip and tc.

After what rank 0 prints, the table has the bytes that the interface of each host sent
and received, and the CPU seconds of its process, also those in the kernel. The CPU
seconds of the switch are those that this network takes from the hosts, which real ones
would not lose.

All hosts share the cores of this machine. Two hosts on one core compute at half of
their speed. With half of the gigabits and twice the milliseconds, the network is slower
by the same factor, and all takes twice the time of real hosts.

Ctrl-C, SIGTERM and errors also remove the network. After SIGKILL, the processes of the
script still run, and `ip netns list` shows hosts for `ip netns delete` to remove.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from runner import parser_of, print_table

SOURCE = Path(__file__).with_name("network.c")
PORT = "29500"


def name_of(i):
    """Return the name of a host's namespace, which no other run has."""
    return f"host{i}-{os.getpid()}"


def run(*command):
    """Run a command, and return its output."""
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def start_switch(options, stack):
    """Compile and start network.c, which makes a device for each host."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    program = f"{folder}/network"
    run("cc", "-std=c11", "-O2", "-o", program, SOURCE)
    numbers = (options.hosts, options.gigabits, options.milliseconds)
    switch = subprocess.Popen(
        [program, *map(str, numbers)], stdout=subprocess.PIPE, text=True
    )
    stack.callback(end, switch)
    if switch.stdout.readline() != "ready\n":
        sys.exit("The switch did not start.")
    return switch


def add_host(i, options, stack):
    """Make the namespace of a host, and connect it with the switch."""
    name = name_of(i)
    run("ip", "netns", "add", name)
    stack.callback(run, "ip", "netns", "delete", name)
    run("ip", "link", "set", f"link{i}", "netns", name)
    for words in (
        "link set lo up",
        f"link set link{i} mtu {options.mtu} up",
        f"address add 10.0.0.{i + 1}/32 dev link{i}",
        # cubic is Linux's default, also where this machine has another one.
        f"route add 10.0.0.0/24 dev link{i} src 10.0.0.{i + 1} congctl cubic",
    ):
        run("ip", "-netns", name, *words.split())
    shaper = f"root tbf rate {options.gigabits}gbit burst 128kb limit 16mb"
    run("tc", "-netns", name, "qdisc", "add", "dev", f"link{i}", *shaper.split())


def start_rank(i, options, stack):
    """Start the script on a host."""
    environment = os.environ | {
        "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": PORT,
        "RANK": str(i),
        "WORLD_SIZE": str(options.hosts),
        "LOCAL_RANK": "0",
        "LOCAL_WORLD_SIZE": "1",
        "GLOO_SOCKET_IFNAME": f"link{i}",
        # No warnings about the hosts' addresses, which have no names.
        "TORCH_CPP_LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen(
        ["ip", "netns", "exec", name_of(i), sys.executable, *options.script],
        env=environment,
        stdout=subprocess.DEVNULL if i else None,
    )
    stack.callback(end, process)
    return process


def end(process):
    """End a process that still runs."""
    if process.returncode is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def seconds_of(process):
    """Wait for a process, and return its CPU seconds in user mode and in the kernel."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime, usage.ru_stime


def wait_for_all(processes):
    """Return the CPU seconds of processes. Raise an error as soon as one fails."""
    seconds = {}
    while len(seconds) < len(processes):
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        process = next((p for p in processes if p.pid == ended.si_pid), None)
        if process is None:
            sys.exit("The switch ended.")
        seconds[process.pid] = seconds_of(process)
        if process.returncode:
            rank = processes.index(process)
            sys.exit(f"Rank {rank} ended with exit code {process.returncode}.")
    return [seconds[process.pid] for process in processes]


def row_of(i, seconds):
    """Return what a host sent, received and computed."""
    command = f"ip -netns {name_of(i)} -json -stats link show dev link{i}"
    statistics = json.loads(run(*command.split()))[0]["stats64"]
    sent, received = (statistics[way]["bytes"] / 1e6 for way in ("tx", "rx"))
    cells = [f"host {i}", f"{sent:,.1f}", f"{received:,.1f}"]
    return [*cells, f"{sum(seconds):.1f}", f"{seconds[1]:.1f}"]


def main():
    """Make the network, run the script, print the table, and remove the network."""
    parser = parser_of(__doc__)
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--gigabits", type=float, default=1)
    parser.add_argument("--milliseconds", type=float, default=1)
    parser.add_argument("--mtu", type=int, default=1500)
    parser.add_argument("script", nargs="+", help="-- SCRIPT.py ARGUMENT ...")
    options = parser.parse_args()
    # As Ctrl-C, so that `with` removes the network. Nothing interrupts the removal.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        switch = start_switch(options, stack)
        for i in range(options.hosts):
            add_host(i, options, stack)
        begin = time.perf_counter()
        ranks = [start_rank(i, options, stack) for i in range(options.hosts)]
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.SIG_IGN)
        seconds = wait_for_all(ranks)
        duration = time.perf_counter() - begin
        rows = [row_of(i, seconds[i]) for i in range(options.hosts)]
        switch.terminate()
        n_dropped = int(switch.stdout.read())
        user, kernel = seconds_of(switch)
        rows.append(["switch", "-", "-", f"{user + kernel:.1f}", f"{kernel:.1f}"])
        print_table(
            f"{options.gigabits:g} Gbit/s, {options.milliseconds:g} ms, {duration:.1f} "
            f"s in all, {n_dropped} packets dropped",
            ["process", "sent, MB", "received, MB", "CPU, s", "in the kernel, s"],
            rows,
        )


if __name__ == "__main__":
    main()
