"""Run a script on several "hosts" of this machine, over a network of limited speed.

    sudo python examples/benchmarks/network.py --hosts 4 --gigabits 1 --milliseconds 1 \
        -- examples/benchmarks/ranks.py CORPUS.txt[.xz] --max-words 4e6

A host is a network namespace of Linux with one process of the script, which finds the
others by the environment, as torchrun sets it. A cable of `--gigabits` in each
direction connects each host with a switch, and a round trip between two hosts takes
`--milliseconds` more than without a network. The switch is the program network.c. Rank
0 prints the table. Needs root, a C compiler, and the commands ip and tc.

All hosts share the cores of this machine, also with the switch. Two hosts on one core
compute at half of their speed. With half of the gigabits and twice the milliseconds,
the network is slower by the same factor, and all takes twice the time of real hosts.

Ctrl-C, SIGTERM and errors also remove the network. After SIGKILL, the processes of the
script still run, and `ip netns list` shows hosts for `ip netns delete` to remove.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

SOURCE = Path(__file__).with_name("network.c")
PORT = "29500"


def name_of(i):
    """Return the name of a host's namespace, which no other run has."""
    return f"host{i}-{os.getpid()}"


def run(command, *more):
    """Run a command of words."""
    subprocess.run([*command.split(), *more], check=True)


def start(stack, command, **options):
    """Start a process that ends with the stack."""
    process = subprocess.Popen(command, **options)
    stack.callback(end, process)
    return process


def end(process):
    """End a process that still runs."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_switch(options, stack):
    """Compile and start network.c, which makes a device for each host."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    program = f"{folder}/network"
    run("cc -std=c11 -O2 -o", program, SOURCE)
    numbers = map(str, (options.hosts, options.gigabits, options.milliseconds))
    pipe = {"stdout": subprocess.PIPE, "text": True}
    switch = start(stack, [program, *numbers], **pipe)
    stack.enter_context(switch.stdout)
    if switch.stdout.readline() != "ready\n":
        sys.exit("The switch did not start.")
    return switch


def add_host(i, options, stack):
    """Make the namespace of a host, and connect it with the switch."""
    name, device = name_of(i), f"link{i}"
    run(f"ip netns add {name}")
    stack.callback(run, f"ip netns delete {name}")
    run(f"ip link set {device} netns {name}")
    run(f"ip -netns {name} link set lo up")
    run(f"ip -netns {name} link set {device} mtu 1500 up")
    run(f"ip -netns {name} address add 10.0.0.{i + 1}/32 dev {device}")
    # cubic is Linux's default, also where this machine has another one.
    route = f"route add 10.0.0.0/24 dev {device} src 10.0.0.{i + 1} congctl cubic"
    run(f"ip -netns {name} {route}")
    shaper = f"root tbf rate {options.gigabits}gbit burst 128kb limit 16mb"
    run(f"tc -netns {name} qdisc add dev {device} {shaper}")


def start_rank(i, options, stack):
    """Start the script on a host."""
    environment = {
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
    command = ["ip", "netns", "exec", name_of(i), sys.executable, *options.script]
    stdout = subprocess.DEVNULL if i else None
    return start(stack, command, env=os.environ | environment, stdout=stdout)


def wait_for_all(ranks, switch):
    """Wait for processes. Raise an error as soon as one fails, or the switch ends."""
    left = list(ranks)
    while left:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if ended.si_pid == switch.pid:
            sys.exit("The switch ended.")
        (process,) = (process for process in left if process.pid == ended.si_pid)
        left.remove(process)
        if process.wait():
            rank = ranks.index(process)
            sys.exit(f"Rank {rank} ended with exit code {process.returncode}.")


def main():
    """Make the network, run the script, and remove the network."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--gigabits", type=float, default=1)
    parser.add_argument("--milliseconds", type=float, default=1)
    parser.add_argument("script", nargs="+", help="-- SCRIPT.py ARGUMENT ...")
    options = parser.parse_args()
    # As Ctrl-C, so that `with` removes the network. Nothing interrupts the removal.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        switch = start_switch(options, stack)
        for i in range(options.hosts):
            add_host(i, options, stack)
        ranks = [start_rank(i, options, stack) for i in range(options.hosts)]
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.SIG_IGN)
        wait_for_all(ranks, switch)
        switch.terminate()
        print(f"The network dropped {int(switch.stdout.read())} packets.")


if __name__ == "__main__":
    main()
