"""The training of word2vec, skip-gram with negative sampling, on integers only.

It takes a corpus of ids and a plan, and returns two matrices. Its modules do not need
the words. `plan.py` and `state.py` are its interface, and do not import torch.
"""
