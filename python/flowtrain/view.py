"""Views of an image that are not made like the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """One or several views of every image that are made in the same way: an entry of Loader's `views`.

    What is not given is as the graph's parameters augment.* and data.image_size say. Ranges are (low, high).

    Attributes:
        count: views of every image that are made like this.
        size: side of each, pixels.
        crop_scale: area of the crop, as a share of the image.
        crop_ratio: width over height of the crop.
        flip: probability of a horizontal flip.
        jitter: probability of the colour jitter.
        brightness, contrast, saturation: a factor is drawn from [max(0, 1 - b), 1 + b].
        hue: a turn of the hue circle is drawn from [-h, h]; 0 to 0.5.
        grey: probability of a greyscale view.
        blur: probability of a Gaussian blur.
        blur_kernel: side of the blur's kernel, pixels, odd.
        blur_sigma: standard deviation of the blur, pixels.
        solarize: probability that bright values are inverted.
        solarize_threshold: values from here on are inverted, 0 to 256.
        interpolation: how the crop is resized, with antialiasing: "bilinear" or "bicubic".
    """

    count: int = 1
    size: int | None = None
    crop_scale: Sequence[float] | None = None
    crop_ratio: Sequence[float] | None = None
    flip: float | None = None
    jitter: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    saturation: float | None = None
    hue: float | None = None
    grey: float | None = None
    blur: float | None = None
    blur_kernel: int | None = None
    blur_sigma: Sequence[float] | None = None
    solarize: float | None = None
    solarize_threshold: int | None = None
    interpolation: str | None = None

    def options(self) -> dict[str, Any]:
        """What it says, as an item of the parameter augment.views."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value
                for name, value in given.items() if value is not None}


def view_parameters(views: int | Sequence[View | Mapping[str, Any]] | None) -> dict[str, Any]:
    """The parameters that stand for Loader's argument `views`."""
    if views is None:
        return {}
    if isinstance(views, int):
        if views < 1:
            raise ValueError(f"views={views}: an image has at least one view")
        return {"loader.views": views}
    if isinstance(views, (View, Mapping, str)):
        raise TypeError(f"views={views!r} is no list: write views=[View(…), …]")
    items = [_options(number, view) for number, view in enumerate(views)]
    if not items:
        raise ValueError("views=[] makes no view of an image: give at least one View, or leave views out")
    return {"augment.views": items}


def _options(number: int, view: View | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(view, View):
        return view.options()
    if isinstance(view, Mapping):
        return dict(view)
    raise TypeError(f"views[{number}] is {view!r}: give a View, or a map of its options")
