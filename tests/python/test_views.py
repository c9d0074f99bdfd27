"""Any number of views, each made in its own way, as bytes or normalised."""

import dataclasses
import json
import pathlib

import numpy as np
import pytest
from conftest import BATCHES, IMAGES, ROWS, digest, small

import flowtrain
from flowtrain import View

MULTI_CROP = [View(count=2, size=32, crop_scale=(0.4, 1)), View(count=3, size=20, crop_scale=(0.05, 0.4), blur=0.0)]


def test_one_view():
    with small(arrays="numpy", views=1) as loader, small(arrays="numpy") as two:
        view, ids, _ = next(iter(loader))
        (view0, _), ids_of_two, _ = next(iter(two))
        assert np.array_equal(view, view0) and np.array_equal(ids, ids_of_two)


def test_views_of_several_sizes():
    with small(arrays="numpy", views=MULTI_CROP) as loader, small(arrays="numpy") as plain:
        assert loader.view_sizes == (32, 32, 20, 20, 20)
        views, ids, _ = next(iter(loader))
        assert [view.shape for view in views] == [(ROWS, side, side, 3) for side in loader.view_sizes]
        assert all(len(np.unique(view)) > 50 for view in views)
        assert np.array_equal(ids, next(iter(plain))[1])
        first = [digest(batch) for batch in loader]
    maps = [{"count": 2, "size": 32, "crop_scale": [0.4, 1]}, {"count": 3, "size": 20, "crop_scale": [0.05, 0.4], "blur": 0}]
    with small(arrays="numpy", views=maps, data__num_workers=4) as loader:
        loader.set_epoch(1)
        assert [digest(batch) for batch in loader] == first


def test_a_pair_of_two_recipes():
    byol = [View(blur=1.0, solarize=0.0), View(blur=0.1, solarize=1.0, solarize_threshold=0)]
    with small(arrays="numpy", views=byol) as loader, small(arrays="numpy", views=[View(blur=1.0), View(blur=0.1)]) as plain:
        (view0, view1), _, _ = next(iter(loader))
        (plain0, plain1), _, _ = next(iter(plain))
        assert np.array_equal(view0, plain0) and np.array_equal(view1, 255 - plain1)


def test_normalised_views_of_several_sizes():
    options = {"arrays": "numpy", "views": MULTI_CROP}
    with small(**options) as plain, small(**options, dtype="float32", mean=[0, 0, 0], std=[1, 1, 1]) as loader:
        for bytes_of, floats in zip(next(iter(plain))[0], next(iter(loader))[0]):
            assert floats.shape == (ROWS, 3, *bytes_of.shape[1:3])
            assert np.abs(floats - bytes_of.transpose(0, 3, 1, 2) / 255).max() < 1e-6


def test_one_view_of_a_list_stands_alone():
    with small(arrays="numpy", views=[View(size=16)]) as loader:
        view, _, labels = next(iter(loader))
        assert view.shape == (ROWS, 16, 16, 3) and min(labels) >= 0


def test_a_view_has_the_options_of_the_parameter():
    schema = json.loads((pathlib.Path(__file__).parents[2] / "configs/config.schema.json").read_text(encoding="utf-8"))
    options = schema["properties"]["augment"]["properties"]["views"]["items"]["properties"]
    assert sorted(field.name for field in dataclasses.fields(View)) == sorted(options)


@pytest.mark.parametrize("views, error, message", [
    ([], ValueError, "at least one View"),
    (0, ValueError, "at least one view"),
    (View(), TypeError, r"write views=\[View"),
    ([3], TypeError, r"views\[0\] is 3: give a View"),
    ([View(size=0)], flowtrain.ConfigError, "augment.views.*item 1: size: must be at least 1, not 0"),
    ([View(), View(blur_kernel=4)], flowtrain.ConfigError, "item 2: blur_kernel: must be odd"),
    ([{"crop_scal": [0.1, 1]}], flowtrain.ConfigError, "did you mean 'crop_scale'"),
])
def test_views_that_cannot_be_made(views, error, message):
    with pytest.raises(error, match=message):
        small(views=views)


def test_views_that_the_graph_does_not_make():
    for views in (2, [View(), View()]):
        with pytest.raises(flowtrain.ConfigError, match="loader_center.yaml has no such parameter.*take graphs/loader.yaml"):
            small(graph="graphs/loader_center.yaml", views=views)
    with pytest.raises(flowtrain.ConfigError, match="makes 2 views of an image: leave the former out"):
        small(views=[View(), View()], loader__views=3)
    with pytest.raises(TypeError, match="crop_scal"):
        View(crop_scal=(0.1, 1))  # pylint: disable=unexpected-keyword-arg


def test_centre_crops_for_a_probe():
    with small(arrays="numpy", graph="graphs/loader_center.yaml") as loader:
        assert len(loader) == BATCHES + 1
        sizes, order = [], []
        for view, ids, labels in loader:
            assert view.shape == (len(ids), 24, 24, 3) and len(labels) == len(ids)
            sizes.append(len(ids))
            order += ids.tolist()
        assert sizes == [ROWS] * BATCHES + [IMAGES - BATCHES * ROWS]
        assert order == list(range(IMAGES))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_normalised_views(dtype, channels_last):
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    with small(arrays="numpy") as plain, small(arrays="numpy", dtype=dtype, channels_last=channels_last) as loader:
        for (bytes_of, _), (views, _) in zip((b[0] for b in plain), (b[0] for b in loader)):
            assert views.dtype == dtype and views.shape == (ROWS, 3, 24, 24)
            assert views.transpose(0, 2, 3, 1).flags.c_contiguous == channels_last
            exact = ((bytes_of / 255 - mean) / std).transpose(0, 3, 1, 2)
            assert np.abs(views - exact).max() < (1e-6 if dtype == "float32" else 2e-3)


def test_normalised_views_in_torch():
    torch = pytest.importorskip("torch")
    with small(arrays="torch", dtype="float32", channels_last=True, mean=[0, 0, 0], std=[1, 1, 1]) as loader:
        (view, _), _, _ = next(iter(loader))
        assert view.dtype == torch.float32 and view.is_contiguous(memory_format=torch.channels_last)
        assert 0 <= view.min() and view.max() <= 1
    with small(arrays="torch", dtype="float16", channels_last=False) as loader:
        (view, _), _, _ = next(iter(loader))
        assert view.dtype == torch.float16 and view.is_contiguous()
