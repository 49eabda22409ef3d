"""Word2vec's training, skip-gram with negative sampling, on integers alone.

A corpus of ids and a plan go in, two matrices come out; no room here knows a word or a
document. `plan.py` and `state.py` are for those outside, and need no torch.
"""
