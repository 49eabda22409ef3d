"""Draw the two bar charts of the page "Benchmarks" from its tables.

    python examples/benchmarks/charts.py [--folder examples/pictures]

Saves speed.png and few_labels.png. Needs the extra `plot`.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[2]
PAGE = ROOT / ".guide" / "benchmarks.rst"

#: Short labels for the columns and rows of the tables.
SHORT = {
    "titles, d=100 w=5 k=5": "StackOverflow titles\nd=100 w=5 k=5",
    "Wikipedia, d=100 w=5 k=5": "Wikipedia\nd=100 w=5 k=5",
    "Wikipedia, d=300 w=10 k=10": "Wikipedia\nd=300 w=10 k=10",
    "20 Newsgroups": "20 News-\ngroups",
    "StackOverflow titles": "StackOverflow\ntitles",
    'sklearn_w2v means, ``epochs="auto"``': "sklearn_w2v",
    "gensim means, both matrices": "gensim, its 5 epochs, both matrices",
}


def read_table(label):
    """Return the first table after a label of the page: its header, and a dict of rows.

    It is a simple table of reStructuredText, whose rules show where columns begin.
    """
    lines = (
        PAGE.read_text(encoding="utf-8").partition(f".. _{label}:\n")[2].splitlines()
    )
    rules = [number for number, line in enumerate(lines) if line.startswith("===")]
    top, below_header, bottom = rules[:3]
    widths = [len(rule) for rule in lines[top].split()]
    begins = [sum(widths[:i]) + 2 * i for i in range(len(widths))]
    slices = [slice(begin, begin + w) for begin, w in zip(begins, widths, strict=True)]
    header, *rows = (
        [lines[number][cell].strip() for cell in slices]
        for number in (top + 1, *range(below_header + 1, bottom))
    )
    return header[1:], {name: cells for name, *cells in rows}


def number_of(cell):
    """Return the first number of a cell such as "283,675 (2.9)" or "46.7 / 62.5"."""
    return float(cell.split()[0].replace(",", ""))


def draw(label, names, ax):
    """Draw a group of bars for each column, with a bar for each row of these names."""
    header, rows = read_table(label)
    width = 0.8 / len(names)
    colors = ["C0", "0.45", "0.62", "0.78"]
    for i, (name, color) in enumerate(zip(names, colors, strict=True)):
        ax.bar(
            [column + i * width for column in range(len(header))],
            [number_of(cell) for cell in rows[name]],
            width,
            label=SHORT.get(name, name),
            color=color,
        )
    middle = (len(names) - 1) * width / 2
    ticks = [column + middle for column in range(len(header))]
    ax.set_xticks(ticks, [SHORT.get(column, column) for column in header])
    ax.spines[["top", "right"]].set_visible(False)
    ax.figure.legend(frameon=False, ncols=2, loc="outside upper center")


def main():
    """Draw both charts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    pictures = ROOT / "examples" / "pictures"
    parser.add_argument("--folder", type=Path, default=pictures)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    names = ["sklearn_w2v", "gensim, list", "fastText", "Spark ML"]
    draw("benchmarks-training", names, ax)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("Words per second")
    figure.savefig(folder / "speed.png", dpi=130)

    figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
    names = ['sklearn_w2v means, ``epochs="auto"``', "gensim means, both matrices"]
    names += ["TruncatedSVD(100) of tf-idf", "tf-idf"]
    draw("benchmarks-few-labels", names, ax)
    ax.set_ylabel("Accuracy with 100 labels (%)")
    figure.savefig(folder / "few_labels.png", dpi=130)
    print(f"Saved speed.png and few_labels.png in {folder}")


if __name__ == "__main__":
    main()
