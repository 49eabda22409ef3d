"""Recommendation of the next item, for all sessions of a shop at once.

A simulated shop has 2,000 items in 50 categories; few items are viewed often, many
seldom. A session views items of one category or of one that goes with it, and some
items are often viewed right after certain others. Given all views but the last, each
method names ten items; a hit is where the last one is among them.

`likely_contexts` answers what is likely to be viewed next to an item, and
`nearest_words` what is similar to a session. Both take all held-out sessions in one
call, and `exclude` leaves out what a session has viewed. With few sessions to learn
from, `likely_contexts` is better than counts of what followed the last item, since
vectors also tell what follows similar items. With many sessions, counts are better.
"""

# %%
import time
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
from texts import MAX_DOCUMENTS

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# The simulation. Views are 30% what often follows the last item, 45% the same category,
# 10% a change to the category that goes with it, and 15% anything.
N_ITEMS, N_CATEGORIES, N_FOLLOWERS = 2000, 50, 5
N_TRAIN = min(32_000, 4 * MAX_DOCUMENTS)
rng = np.random.RandomState(0)
weights = rng.permutation(np.arange(1, N_ITEMS + 1) ** -0.8)  # Zipf's law
categories = rng.randint(N_CATEGORIES, size=N_ITEMS)
goes_with = rng.permutation(N_CATEGORIES)


def draw(items, size=None):
    """Draw items in proportion to their weights."""
    return rng.choice(items, size, p=weights[items] / weights[items].sum())


all_items = np.arange(N_ITEMS)
items_of = [np.flatnonzero(categories == c) for c in range(N_CATEGORIES)]
followers = [draw(items_of[c], N_FOLLOWERS) for c in categories]


def simulate_session(first):
    """Return the items of a session in their order, none of them twice."""
    session, category = [first], categories[first]
    for _ in range(1 + rng.geometric(0.25)):
        kind = rng.choice(4, p=[0.3, 0.45, 0.1, 0.15])
        if kind == 0:
            item = rng.choice(followers[session[-1]])
        elif kind == 3:
            item = draw(all_items)
        else:
            category = goes_with[category] if kind == 2 else category
            item = draw(items_of[category])
        if item not in session:
            session.append(int(item))
    return session


sessions = [simulate_session(int(item)) for item in draw(all_items, N_TRAIN + 4000)]
test = [session for session in sessions[N_TRAIN:] if len(session) >= 3]
histories = [session[:-1] for session in test]
answers = [session[-1] for session in test]
print(f"{N_TRAIN:,} sessions to learn from, {len(test):,} held out; ", end="")
print(f"{np.mean([len(session) for session in sessions]):.1f} views in the mean")


# %%
# Each method takes the training sessions and returns a function from histories to ten
# items for each. Popularity and the counts of what followed the last item need no
# vectors; the popular items fill up where fewer than ten have followed.
def most_viewed(train):
    """Return the items in the order of their views."""
    return [item for item, _ in Counter(np.concatenate(train).tolist()).most_common()]


def learn_popularity(train):
    """Recommend what was viewed most."""
    popular = most_viewed(train)

    def recommend(histories):
        longest = max(map(len, histories))
        candidates = popular[: 10 + longest]
        return [
            [item for item in candidates if item not in history][:10]
            for history in histories
        ]

    return recommend


def learn_counts(train):
    """Recommend what followed the last item most often."""
    recommend_popular = learn_popularity(train)
    counts = defaultdict(Counter)
    for session in train:
        for item, following in pairwise(session):
            counts[item][following] += 1
    ranked = {
        item: [following for following, _ in counted.most_common()]
        for item, counted in counts.items()
    }

    def recommend(histories):
        recommended = []
        for history, popular in zip(
            histories, recommend_popular(histories), strict=True
        ):
            found = [i for i in ranked.get(history[-1], []) if i not in history][:10]
            found += [item for item in popular if item not in found]
            recommended.append(found[:10])
        return recommended

    return recommend


# %%
# `store_matrices=True` keeps both matrices of word2vec, which `likely_contexts` needs.
# The window is small, since the next view depends on the last ones. `min_count=2` and
# `sample=None`: rare and frequent items can both be the answer.
def learn_vectors(train):
    """Fit word2vec on sessions."""
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        window=2,
        min_count=2,
        sample=None,
        store_matrices=True,
        random_state=0,
    )
    return vectorizer.fit(train)


def learn_contexts(n_last):
    """Recommend the likely contexts of the last items, or of all (None)."""

    def learn(train):
        vectorizer, popular = learn_vectors(train), most_viewed(train)

        def recommend(histories):
            known = [
                [item for item in history if item in vectorizer.vocabulary_]
                for history in histories
            ]
            queries = [items[-n_last:] if n_last else items for items in known]
            queries = [items or popular[:1] for items in queries]
            return vectorizer.likely_contexts(queries, topn=10, exclude=histories)[0]

        return recommend

    return learn


def learn_similar(train):
    """Recommend the items nearest to the mean vector of the history."""
    vectorizer = learn_vectors(train)

    def recommend(histories):
        vectors = vectorizer.transform(histories)
        return vectorizer.nearest_words(vectors, topn=10, exclude=histories)[0]

    return recommend


# %%
methods = {
    "popularity": learn_popularity,
    "counts of what followed": learn_counts,
    "likely_contexts, last item": learn_contexts(1),
    "likely_contexts, all items": learn_contexts(None),
    "nearest_words, all items": learn_similar,
}
sizes = [N_TRAIN // 16, N_TRAIN // 4, N_TRAIN]
print("\nHit rate of ten recommended items, and milliseconds for each held-out session")
print(f"  {'sessions to learn from':28}", end="")
print("".join(f"{size:8,}" for size in sizes) + f"{'ms':>10}")
for name, learn in methods.items():
    print(f"  {name:28}", end="")
    for size in sizes:
        recommend = learn(sessions[:size])
        before = time.perf_counter()
        recommended = recommend(histories)
        milliseconds = 1000 * (time.perf_counter() - before) / len(histories)
        hits = [a in items for a, items in zip(answers, recommended, strict=True)]
        print(f"{np.mean(hits):8.3f}", end="", flush=True)
    print(f"{milliseconds:10.3f}")
print(f"\ntook {time.perf_counter() - start:.1f} s")
