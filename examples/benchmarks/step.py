"""Where a training step spends its time, and how far it is from the processor's limit.

    python examples/benchmarks/step.py CORPUS.txt[.xz] [--threads 1]

Trains one epoch under torch's profiler, and prints each operation's share of the time
inside torch; beside it, what the matrix products of a step would take if they ran as
fast as a large matrix product does here, and nothing else took any time.
"""

import argparse
import time
from pathlib import Path

import torch
from corpora import read_documents
from torch.profiler import ProfilerActivity, profile
from train import prepare_ours

N_OPERATIONS = 12


def peak_flops():
    """Return the floating-point operations a second of a large product."""
    matrix, seconds = torch.rand(1024, 1024), []
    for _ in range(50):
        begin = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - begin)
    return 2 * 1024**3 / min(seconds)


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--max-words", type=float, default=2e6)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    # Without sub-sampling, so that each word read is a token trained.
    parser.set_defaults(min_count=5, max_features=None, sample=0, epochs=1)
    options = parser.parse_args()

    documents = read_documents(options.corpus, options.max_words)
    run, plan, n_words = prepare_ours(documents, options)
    run()
    begin = time.perf_counter()
    run()
    seconds = time.perf_counter() - begin
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        run()

    operations = profiler.key_averages()
    total = sum(operation.self_cpu_time_total for operation in operations)
    operations = sorted(operations, key=lambda one: -one.self_cpu_time_total)
    print("| operation | share of the time in torch |")
    print("|---|---|")
    for operation in operations[:N_OPERATIONS]:
        print(f"| {operation.key} | {operation.self_cpu_time_total / total:.0%} |")

    torch.set_num_threads(options.threads)
    # A token has a score with each place around its block and with each noise word; a
    # score takes one product of two vectors, and two more for its gradients.
    n_scores = plan.layout.block_length + 2 * plan.reach + plan.layout.n_noise
    limit = 3 * 2 * n_scores * options.vector_size / peak_flops()
    print(
        f"\n{options.threads} thread(s): {1e9 * seconds / n_words:,.0f} ns a token; "
        f"{1e9 * limit:,.0f} ns at {peak_flops() / 1e9:.0f} GFLOP/s, "
        f"{seconds / n_words / limit:.1f} times less"
    )


if __name__ == "__main__":
    main()
