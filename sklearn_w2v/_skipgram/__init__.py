"""The training of word2vec, skip-gram with negative sampling, on integers only.

It takes a corpus of ids and a plan, and returns two matrices. No module here knows
words or documents. `plan.py` and `state.py` are its interface, and need no torch.
"""
