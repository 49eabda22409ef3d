"""Draw the two bar charts of the page "Benchmarks" from its tables.

    python examples/benchmarks/charts.py [--folder examples/pictures]

Saves speed.png and few_labels.png. Needs the extra `plot`.
"""

import argparse
import re
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

#: Colors of bars: ours, then grays.
COLORS = ["C0", "0.45", "0.62", "0.78"]


def read_table(label):
    """Return the first table after a label of the page, as rows by their first cells.

    Cells of a simple table are two or more spaces apart.
    """
    section = PAGE.read_text(encoding="utf-8").partition(f".. _{label}:\n")[2]
    header, body = re.split(r"^=[= ]+\n", section, flags=re.M)[1:3]
    lines = (header + body).splitlines()
    rows = [re.split(" {2,}", line) for line in lines]
    return {name: cells for name, *cells in rows}


def number_of(cell):
    """Return the first number of a cell such as "283,675 (2.9)" or "46.7 / 62.5"."""
    return float(cell.split()[0].replace(",", ""))


def draw(label, names, ylabel, height, path):
    """Draw a group of bars for each column, with a bar for each row of these names."""
    header, *rows = read_table(label).items()
    rows, columns = dict(rows), [SHORT.get(column, column) for column in header[1]]
    figure, ax = plt.subplots(figsize=(7, height), layout="constrained")
    width = 0.8 / len(names)
    for i, name in enumerate(names):
        ax.bar(
            [column + i * width for column in range(len(columns))],
            [number_of(cell) for cell in rows[name]],
            width,
            label=SHORT.get(name, name),
            color=COLORS[i],
        )
    middle = (len(names) - 1) * width / 2
    ax.set_xticks([column + middle for column in range(len(columns))], columns)
    ax.spines[["top", "right"]].set_visible(False)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel(ylabel)
    figure.legend(frameon=False, ncols=2, loc="outside upper center")
    figure.savefig(path, dpi=130)


def main():
    """Draw both charts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    pictures = ROOT / "examples" / "pictures"
    parser.add_argument("--folder", type=Path, default=pictures)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    names = ["sklearn_w2v", "gensim, list", "fastText", "Spark ML"]
    draw("benchmarks-training", names, "Words per second", 3, folder / "speed.png")
    names = ['sklearn_w2v means, ``epochs="auto"``', "gensim means, both matrices"]
    names += ["TruncatedSVD(100) of tf-idf", "tf-idf"]
    ylabel, path = "Accuracy with 100 labels (%)", folder / "few_labels.png"
    draw("benchmarks-few-labels", names, ylabel, 3.4, path)
    print(f"Saved speed.png and few_labels.png in {folder}")


if __name__ == "__main__":
    main()
