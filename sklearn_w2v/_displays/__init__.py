"""Displays as scikit-learn has them: maps of words and of documents, loss curves."""
