"""What is measured on a simulated row: the columns of the two feature tables, in realistic scales."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foldwise.examples.demo.latents import Floats, Rows

STAGE2 = (
    "noise_energy",
    "noise_mean",
    "noise_std",
    "dct_dc_mean",
    "dct_dc_std",
    "dct_ac_mean",
    "dct_ac_std",
    "dct_ac_energy",
    "laplacian_var",
    "gradient_mean",
    "gradient_std",
    "boundary_inconsistency",
    "codec_bitrate",
    "codec_fps",
    "codec_resolution",
)


"""Features of a video in its own size, in the order of the table."""


STAGE4 = (
    *STAGE2,
    "edge_density",
    "texture_uniformity",
    "color_consistency_r",
    "color_consistency_g",
    "color_consistency_b",
    "compression_artifacts",
    "is_upscaled",
    "is_downscaled",
)


"""Features of a video scaled to a box of 256 pixels."""


BOX = 256


"""Side of the box that stage 4 scales to, in pixels."""


@dataclass(frozen=True)
class Measurement:
    """A column that is a weighted sum of latent properties, with an error, on some scale.

    Attributes:
        centre: value of an average video, on the scale.
        spread: factor on the weighted sum and on the error.
        weights: weight of each property.
        error: factor on ``row_noise`` for this column.
        scale: how the sum becomes the value: as it is, ``exp`` of it, or its logistic function.
        bounds: the value is clipped to these.
    """

    centre: float
    spread: float
    weights: Mapping[str, float]
    error: float = 1.0
    scale: Literal["linear", "log", "logit"] = "linear"
    bounds: tuple[float, float] = (-np.inf, np.inf)

    def draw(self, generator: np.random.Generator, rows: Rows, row_noise: float) -> Floats:
        """Return the value in every row, shape ``(n_rows,)``."""
        total = row_noise * self.error * generator.standard_normal(len(rows.label))
        for name, weight in self.weights.items():
            total += weight * rows.properties[name]
        value = self.centre + self.spread * total
        if self.scale == "log":
            value = np.exp(value)
        elif self.scale == "logit":
            value = 1.0 / (1.0 + np.exp(-value))
        return np.clip(value, *self.bounds)


_NOISE = {"sharpness": 0.7, "noise": 0.7}
_SCALED_NOISE = {"sharpness": 0.6, "noise": 0.5, "scaled_sharpness": 0.6}

_STAGE2_MEASUREMENTS = {
    "noise_mean": Measurement(7.6, 0.75, _NOISE, scale="log"),
    "noise_std": Measurement(9.6, 0.75, {**_NOISE, "noise_spread": 0.4}, scale="log"),
    "dct_dc_mean": Measurement(820, 210, {"brightness": 1.0}, bounds=(16, 2040)),
    "dct_dc_std": Measurement(400, 90, {"contrast": 1.0}, bounds=(5, 1000)),
    "dct_ac_mean": Measurement(0, 0.08, {"dct_sign": 1.0}),
    "dct_ac_std": Measurement(3.0, 0.33, {"sharpness": 0.8, "texture": 0.6}, error=0.3, scale="log"),
    "laplacian_var": Measurement(6.4, 0.75, _NOISE, error=0.25, scale="log"),
    "gradient_mean": Measurement(3.55, 0.42, {"sharpness": 0.75, "edges": 0.66}, scale="log"),
    "gradient_std": Measurement(4.3, 0.33, {"sharpness": 0.7, "texture": 0.7}, scale="log"),
    "boundary_inconsistency": Measurement(37, 8, {"contrast": 0.85, "blockiness": 0.5}, bounds=(1, np.inf)),
    "codec_bitrate": Measurement(12.9, 0.75, {"bitrate": 1.0}, scale="log"),
}

_STAGE4_MEASUREMENTS = {
    "noise_mean": Measurement(7.0, 0.6, _SCALED_NOISE, scale="log"),
    "noise_std": Measurement(9.2, 0.6, {**_SCALED_NOISE, "scaled_texture": 0.42}, scale="log"),
    "dct_ac_mean": Measurement(0, 0.1, {"scaled_dct_sign": 1.0}),
    "dct_ac_std": Measurement(2.88, 0.28, {"sharpness": 0.5, "texture": 0.6, "scaled_texture": 0.6}, scale="log"),
    "laplacian_var": Measurement(5.9, 0.7, {"sharpness": 0.5, "scaled_sharpness": 0.8}, scale="log"),
    "gradient_mean": Measurement(3.95, 0.36, {"sharpness": 0.5, "edges": 0.5, "scaled_sharpness": 0.7}, scale="log"),
    "gradient_std": Measurement(4.38, 0.32, {"texture": 0.6, "scaled_texture": 0.75}, scale="log"),
    "edge_density": Measurement(-2.5, 0.45, {"edges": 0.7, "scaled_sharpness": 0.7}, scale="logit"),
    "texture_uniformity": Measurement(-3.55, -0.42, {"contrast": 0.8, "scaled_texture": 0.6}, scale="log"),
    "color_consistency_r": Measurement(55, 11, {"contrast": 1.0, "colour": 0.18}, error=0.09),
    "color_consistency_g": Measurement(55, 11, {"contrast": 1.0}, error=0.09),
    "color_consistency_b": Measurement(55, 11, {"contrast": 1.0, "colour": -0.18}, error=0.09),
    "compression_artifacts": Measurement(
        150, 32, {"blockiness": 0.6, "sharpness": 0.5, "edges": 0.6}, bounds=(1, np.inf)
    ),
}

_KEPT_BY_SCALING = {
    "dct_dc_mean": (1.0, 0.004),
    "dct_dc_std": (1.0, 0.01),
    "boundary_inconsistency": (1.0, 0.008),
    "codec_bitrate": (0.55, 0.05),
}


"""Stage 2 columns that scaling leaves alone but for a factor: (factor, relative error)."""


def measure(
    generator: np.random.Generator, rows: Rows, row_noise: float
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Measure every row in its own size and scaled to the box.

    Returns:
        The columns :data:`STAGE2` and the columns :data:`STAGE4`, each of shape ``(n_rows,)``.
    """
    stage2 = {name: m.draw(generator, rows, row_noise) for name, m in _STAGE2_MEASUREMENTS.items()}
    _add_sums_over_pixels(stage2, rows.area)
    stage2 |= {"codec_fps": rows.frame_rate, "codec_resolution": rows.area}

    scaled_area = _scaled_area(rows)
    stage4 = {name: m.draw(generator, rows, row_noise) for name, m in _STAGE4_MEASUREMENTS.items()}
    for name, (factor, error) in _KEPT_BY_SCALING.items():
        stage4[name] = stage2[name] * factor * (1.0 + error * generator.standard_normal(len(rows.label)))
    _add_sums_over_pixels(stage4, scaled_area)
    stage4 |= {"codec_fps": rows.frame_rate, "codec_resolution": scaled_area}
    longer_side, _ = frame_size(rows.area)
    stage4["is_upscaled"] = (longer_side < BOX).astype(np.float64)
    stage4["is_downscaled"] = (longer_side > BOX).astype(np.float64)
    return _in_order(stage2, STAGE2), _in_order(stage4, STAGE4)


def frame_size(area: Floats) -> tuple[Floats, Floats]:
    """Return width and height in pixels, unrounded, of frames of 16 to 9 with this area."""
    return np.sqrt(area * 16 / 9), np.sqrt(area * 9 / 16)


def _add_sums_over_pixels(columns: dict[str, Floats], area: Floats) -> None:
    columns["noise_energy"] = columns["noise_mean"] * area
    columns["dct_ac_energy"] = columns["dct_ac_std"] ** 2 * area


def _scaled_area(rows: Rows) -> Floats:
    """Return the pixels per frame after scaling: one side fills the box, the other keeps the aspect."""
    aspect = np.clip(np.exp(0.25 * np.tanh(rows.properties["area"])), 0.6, 1.4)
    return BOX * np.round(BOX * aspect)


def _in_order(columns: Mapping[str, Floats], names: tuple[str, ...]) -> dict[str, Floats]:
    """Sort the columns and round them to float32 precision.

    Vectorised ``exp`` differs in its last bit between processors; rounded, the file is the same on all.
    """
    return {name: columns[name].astype(np.float32).astype(np.float64) for name in names}
