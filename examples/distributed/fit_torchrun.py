"""Fit one vectorizer in the processes of torchrun, each on its share of the texts.

    torchrun --nproc-per-node 2 examples/distributed/fit_torchrun.py TEXTS.txt

On several machines, torchrun needs the address of the first one: see its options
--nnodes and --rdzv-endpoint. `fit` needs only the group.
"""

import sys
from itertools import islice

import torch.distributed as dist

from sklearn_w2v import Word2VecVectorizer

dist.init_process_group("gloo")
rank, world_size = dist.get_rank(), dist.get_world_size()
with open(sys.argv[1], encoding="utf-8") as texts:
    share = islice(texts, rank, None, world_size)
    vectorizer = Word2VecVectorizer(random_state=0, n_jobs=1).fit(share)
dist.destroy_process_group()

# All ranks have the same vectorizer now. One of them uses it.
if rank == 0:
    word = next(iter(vectorizer.vocabulary_))
    print(
        f"{world_size} processes, {len(vectorizer.vocabulary_)} words; near {word!r}:"
    )
    print(vectorizer.most_similar(word, topn=3))
