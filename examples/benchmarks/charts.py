"""Draw the README's two bar charts from the tables of this folder's README.

    python examples/benchmarks/charts.py [--folder examples/pictures]

Saves speed.png and few_labels.png. Needs the extra `plot`.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

FIGURES = Path(__file__).with_name("README.md")
OURS = "sklearn_w2v"

#: Short labels for the columns and rows of the tables.
SHORT = {
    "StackOverflow titles, d=100 w=5 k=5": "StackOverflow titles\nd=100 w=5 k=5",
    "Wikipedia text, d=100 w=5 k=5": "Wikipedia\nd=100 w=5 k=5",
    "d=300 w=10 k=10": "Wikipedia\nd=300 w=10 k=10",
    "20 Newsgroups": "20 News-\ngroups",
    "StackOverflow titles": "StackOverflow\ntitles",
    'sklearn_w2v means, `epochs="auto"`': OURS,
    "gensim means, both matrices": "gensim, its 5 epochs, both matrices",
}


def read_tables(heading):
    """Return the tables of a section as dicts of rows; the row "" is the header."""
    section = FIGURES.read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    tables, rows = [], {}
    for line in section.partition("\n## ")[0].splitlines():
        if line.startswith("|"):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            rows[name] = cells
        elif rows:
            tables.append(rows)
            rows = {}
    return tables


def number_of(cell):
    """Return the first number of a cell such as "283,675 (2.9)" or "46.7 / 62.5"."""
    return float(cell.split()[0].replace(",", ""))


def draw(table, names, ax):
    """Draw a group of bars for each column, with a bar for each row of these names."""
    columns = [SHORT.get(column, column) for column in table[""]]
    width = 0.8 / len(names)
    grays = iter(["0.45", "0.62", "0.78"])
    for i, name in enumerate(names):
        label = SHORT.get(name, name)
        ax.bar(
            [column + i * width for column in range(len(columns))],
            [number_of(cell) for cell in table[name]],
            width,
            label=label,
            color="C0" if label == OURS else next(grays),
        )
    middle = (len(names) - 1) * width / 2
    ax.set_xticks([column + middle for column in range(len(columns))], columns)
    ax.spines[["top", "right"]].set_visible(False)
    ax.figure.legend(frameon=False, ncols=2, loc="outside upper center")


def main():
    """Draw both charts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    pictures = Path(__file__).parents[1] / "pictures"
    parser.add_argument("--folder", type=Path, default=pictures)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    (speed, *_) = read_tables("Training")
    figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    draw(speed, [OURS, "gensim, list", "fastText", "Spark ML"], ax)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("Words per second")
    figure.savefig(folder / "speed.png", dpi=130)

    _, with_labels = read_tables("Documents")
    figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
    names = ['sklearn_w2v means, `epochs="auto"`', "gensim means, both matrices"]
    draw(with_labels, [*names, "TruncatedSVD(100) of tf-idf", "tf-idf"], ax)
    ax.set_ylabel("Accuracy with 100 labels (%)")
    figure.savefig(folder / "few_labels.png", dpi=130)
    print(f"Saved speed.png and few_labels.png in {folder}")


if __name__ == "__main__":
    main()
