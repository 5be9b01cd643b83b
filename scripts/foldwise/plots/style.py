"""The common style of all plots: colours and marks of the models, layout, and saving as PNG."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zlib import crc32

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from foldwise.io.files import replacing
from foldwise.model_names import ENSEMBLE
from foldwise.plots.labels import shortened
from foldwise.results import wording

DOTS_PER_INCH = 150

INK = "#222222"
GREY = "#767676"
PALE = "#D9D9D9"


@dataclass(frozen=True)
class ModelStyle:
    """How a model is drawn: colour as ``#rrggbb`` and matplotlib mark."""

    colour: str
    mark: str


# The colours of Okabe and Ito (2008), distinguishable with every common colour vision.
_STYLES = {
    "xgboost": ModelStyle("#0072B2", "o"),
    "lightgbm": ModelStyle("#D55E00", "s"),
    "catboost": ModelStyle("#009E73", "^"),
    ENSEMBLE: ModelStyle("#CC79A7", "P"),
    "logistic_regression": ModelStyle("#595959", "D"),
    "constant": ModelStyle("#767676", "X"),
}
_SPARE = (ModelStyle("#56B4E9", "v"), ModelStyle("#E69F00", "h"))

_SETTINGS = {
    # The font that comes with matplotlib: the same picture on every machine.
    "font.family": "DejaVu Sans",
    "font.size": 9,
    # Names of features, columns and datasets may contain dollar signs; nothing here is a formula.
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": True,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "none",
    "legend.fontsize": 8,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "savefig.facecolor": "white",
}

_NOTE_SIZE = 7.5

# Mean width of a DejaVu Sans character over its size, rounded up: wrapped notes never leave the figure.
_CHARACTER_WIDTH = 0.54


@dataclass(frozen=True)
class Subject:
    """What a plot shows.

    Attributes:
        dataset: name of the dataset.
        model: name of the backend or ``ensemble``, empty where all models are shown.
        population: rows, units, groups and folds in words.
    """

    dataset: str
    model: str
    population: str

    @property
    def style(self) -> ModelStyle:
        """Colour and mark of the model."""
        return model_style(self.model)


def model_style(name: str) -> ModelStyle:
    """Return how a model is drawn; a backend without a style of its own gets a spare one that depends on its name."""
    # crc32 and not hash(), which Python salts in every process.
    return _STYLES.get(name) or _SPARE[crc32(name.encode()) % len(_SPARE)]


@contextmanager
def styled() -> Iterator[None]:
    """Draw with the common style, whatever the user's own matplotlibrc says. Also a decorator."""
    with matplotlib.style.context(["default", _SETTINGS]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, size in inches, that is drawn by Agg and needs no display."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def entitle(figure: Figure, subject: Subject, what: str, note: str = "") -> None:
    """Write the title at the top left, and below the plot the population and how to read the plot."""
    width = figure.get_figwidth()
    name = shortened(subject.dataset, 28) + (f" · {wording.display_name(subject.model)}" if subject.model else "")
    figure.suptitle(_wrapped(f"{name}: {what}", width, 11 * 1.1), x=0.012, ha="left", fontsize=11, fontweight="bold")
    figure.supxlabel(
        _wrapped(f"{subject.population}. {note}".strip(), width, _NOTE_SIZE),
        x=0.012,
        ha="left",
        fontsize=_NOTE_SIZE,
        color="#555555",
        linespacing=1.4,
    )


def faint(lines: int) -> float:
    """Return the opacity at which that many overlapping thin lines remain readable."""
    return min(0.55, max(0.2, 3.5 / max(lines, 1)))


def say_nothing_to_show(axes: Axes, reason: str) -> None:
    """Write ``reason`` in the middle of axes that have nothing to show."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, textwrap.fill(reason, 50), ha="center", va="center", transform=axes.transAxes)


def save(figure: Figure, path: str | Path) -> None:
    """Write the figure as PNG; its bytes depend on the drawing alone, not on a version or a clock.

    256 colours are enough for lines and text, and make the file a third as large, which the report page embeds.
    """
    drawn = BytesIO()
    with styled():
        figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    with replacing(path) as temporary:
        picture.save(temporary, format="png", optimize=True)


def _wrapped(text: str, inches: float, size: float) -> str:
    characters = int(inches * 0.97 * 72 / (size * _CHARACTER_WIDTH))
    return textwrap.fill(text, characters, break_long_words=True)
