"""What the simulated videos are, before anything is measured on them.

A video is a handful of latent properties, each standard normal over videos. Its rows, the original
and its augmentations, share them up to a small deviation: that makes the rows near copies.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PROPERTIES = (
    "sharpness",
    "noise",
    "brightness",
    "contrast",
    "texture",
    "blockiness",
    "dct_sign",
    "edges",
    "colour",
    "noise_spread",
    "bitrate",
    "area",
    "scaled_sharpness",
    "scaled_texture",
    "scaled_dct_sign",
)


"""Names of the latent properties; those that start with ``scaled_`` appear only after rescaling."""


SHIFTED = {
    "sharpness": 1.0,
    "texture": -1.0,
    "blockiness": 1.0,
    "noise_spread": 1.0,
    "area": -1.0,
    "scaled_texture": 1.0,
}


"""Properties whose mean differs between the classes, with the sign for fakes."""


WIDENED = ("brightness", "contrast", "dct_sign", "scaled_dct_sign")


"""Properties that vary more among fakes: trees can use this, a linear model cannot."""


AUGMENTATIONS: dict[str, dict[str, float]] = {
    "rotation": {"edges": 0.25, "contrast": 0.20, "blockiness": 0.10},
    "flip": {},
    "brightness": {"brightness": 0.45, "contrast": 0.10},
    "contrast": {"contrast": 0.45, "sharpness": 0.15},
    "saturation": {"colour": 0.45},
    "gaussian_noise": {"noise": 0.90, "sharpness": 0.50, "bitrate": 0.50},
    "gaussian_blur": {"sharpness": -0.80, "noise": -0.50, "edges": -0.60, "bitrate": -0.30},
    "affine": {"edges": 0.20, "contrast": 0.15},
    "elastic": {"sharpness": -0.20, "texture": 0.20},
    "cutout": {"edges": 0.15, "contrast": 0.20, "brightness": -0.20},
}


"""Effect of each augmentation, in standard deviations of a property over videos."""


ONE_WAY = ("gaussian_noise", "gaussian_blur")


"""Augmentations that cannot work backwards; the others strengthen or weaken a property."""


FRAME_RATES = np.array([12, 15, 20, 23.976, 24, *[25] * 2, 29, *[29.97] * 3, *[30] * 4], dtype=np.float64)


"""Frames per second, as often as each is drawn."""


AREAS = np.array(
    [
        25344,
        57600,
        76800,
        76800,
        92160,
        101760,
        102240,
        129600,
        163840,
        *[230400] * 2,
        307200,
        409600,
        921600,
    ],
    dtype=np.float64,
)


"""Pixels per frame in ascending order; each entry takes the same share of the videos."""


@dataclass(frozen=True)
class Pattern:
    """Strength of every effect; lengths are standard deviations of a property over videos.

    Attributes:
        class_shift: distance between the class means along :data:`SHIFTED`; 0 with ``class_widening=0``
            gives tables without any signal.
        class_widening: relative growth of the standard deviation of :data:`WIDENED` among fakes.
        within: standard deviation of a property over the augmented rows of one video.
        augmentation: factor on the effects of :data:`AUGMENTATIONS`.
        row_noise: standard deviation of the error of a measurement.
        probe_failures: share of the videos whose codec could not be read.
        missing_cells: share of single stage 4 values that are missing.
    """

    class_shift: float = 0.62
    class_widening: float = 0.55
    within: float = 0.36
    augmentation: float = 0.55
    row_noise: float = 0.11
    probe_failures: float = 0.03
    missing_cells: float = 0.002


@dataclass(frozen=True)
class Rows:
    """The simulated rows, ordered by video and, in a video, by augmentation.

    Attributes:
        label: 0 real, 1 fake; shape ``(n_rows,)``, as every array here.
        video: index of the video.
        augmentation: -1 for the original, then 0, 1, ...
        properties: latent value of each of :data:`PROPERTIES`.
        area: pixels per frame of the original video.
        frame_rate: frames per second.
    """

    label: Integers
    video: Integers
    augmentation: Integers
    properties: Mapping[str, Floats]
    area: Floats
    frame_rate: Floats


def draw_rows(
    generator: np.random.Generator, n_videos: int, n_positive: int, n_augmentations: int, pattern: Pattern
) -> Rows:
    """Draw ``n_videos`` videos, ``n_positive`` of them fake, with ``1 + n_augmentations`` rows each."""
    label = generator.permutation((np.arange(n_videos) < n_positive).astype(np.int64))
    videos = _draw_videos(generator, label, pattern)
    video = np.repeat(np.arange(n_videos, dtype=np.int64), n_augmentations + 1)
    augmentation = np.tile(np.arange(-1, n_augmentations, dtype=np.int64), n_videos)
    deviation = pattern.within * generator.standard_normal((len(video), len(PROPERTIES)))
    deviation += _draw_augmentations(generator, n_videos, n_augmentations, pattern)
    deviation[augmentation == -1] = 0.0
    properties = videos[video] + deviation
    return Rows(
        label=label[video],
        video=video,
        augmentation=augmentation,
        properties=dict(zip(PROPERTIES, properties.T, strict=True)),
        area=_draw_areas(generator, videos[:, PROPERTIES.index("area")])[video],
        frame_rate=_draw_frame_rates(generator, n_videos)[video],
    )


def _draw_videos(generator: np.random.Generator, label: Integers, pattern: Pattern) -> Floats:
    """Return the latent properties of each video, shape ``(n_videos, n_properties)``."""
    videos = generator.standard_normal((len(label), len(PROPERTIES)))
    direction = _as_row(SHIFTED)
    videos += pattern.class_shift * np.outer(label - 0.5, direction / np.linalg.norm(direction))
    wide = [PROPERTIES.index(name) for name in WIDENED]
    videos[np.ix_(label == 1, wide)] *= 1.0 + pattern.class_widening
    return videos


def _draw_augmentations(
    generator: np.random.Generator, n_videos: int, n_augmentations: int, pattern: Pattern
) -> Floats:
    """Return the shift of every row by its augmentation, shape ``(n_rows, n_properties)``, originals at 0.

    The kinds come in another order for every video, so that ``augN`` names no kind.
    """
    effects = np.array([_as_row(effect) for effect in AUGMENTATIONS.values()])
    one_way = np.array([name in ONE_WAY for name in AUGMENTATIONS])
    order = generator.permuted(np.tile(np.arange(len(effects)), (n_videos, 1)), axis=1)
    kind = order[:, np.arange(n_augmentations) % len(effects)]
    strength = pattern.augmentation * generator.uniform(0.4, 1.6, kind.shape)
    sign = np.where(one_way[kind] | (generator.random(kind.shape) < 0.5), 1.0, -1.0)
    shift = np.zeros((n_videos, n_augmentations + 1, len(PROPERTIES)))
    shift[:, 1:] = (strength * sign)[:, :, np.newaxis] * effects[kind]
    return shift.reshape(-1, len(PROPERTIES))


def _draw_areas(generator: np.random.Generator, latent: Floats) -> Floats:
    """Return a frame area per video that rises with the latent area, but not exactly."""
    blurred = latent + 0.35 * generator.standard_normal(len(latent))
    rank = np.argsort(np.argsort(blurred))
    return AREAS[rank * len(AREAS) // len(latent)]


def _draw_frame_rates(generator: np.random.Generator, n_videos: int) -> Floats:
    """Return a frame rate per video; one in four is an odd number of its own, which names the video."""
    odd = generator.random(n_videos) < 0.25
    usual = generator.choice(FRAME_RATES, n_videos)
    return usual - np.where(odd, generator.uniform(0.0, 0.3, n_videos), 0.0)


def _as_row(weights: Mapping[str, float]) -> Floats:
    return np.array([weights.get(name, 0.0) for name in PROPERTIES])
