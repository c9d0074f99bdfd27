"""flowtrain.Loader gives the right batches, in the habits of PyTorch's DataLoader."""

import gc
import io
import itertools
import random
import time

import numpy as np
import pytest
from conftest import BATCHES, IMAGES, ROWS, digest, small

import flowtrain
from flowtrain.tuning import fewest_workers


def test_a_batch_is_what_the_docstring_says():
    with small(arrays="numpy") as loader:
        assert (len(loader), loader.images, loader.batch_size) == (BATCHES, IMAGES, ROWS)
        (view0, view1), ids, labels = next(iter(loader))
        for view in (view0, view1):
            assert view.shape == (ROWS, 24, 24, 3) and view.dtype == np.uint8
        assert ids.shape == labels.shape == (ROWS,) and ids.dtype == labels.dtype == np.int64
        assert len(set(ids.tolist())) == ROWS and 0 <= ids.min() and ids.max() < IMAGES
        assert 0 <= labels.min() and labels.max() < len(loader.classes)
        assert not np.array_equal(view0, view1)


def test_as_dict():
    with small(arrays="numpy", as_dict=True) as loader, small(arrays="numpy") as plain:
        batch = next(iter(loader))
        assert list(batch) == ["views", "ids", "labels"]
        assert digest((batch["views"], batch["ids"], batch["labels"])) == digest(next(iter(plain)))


@pytest.mark.parametrize("arrays", ["dlpack", "numpy", "torch", "auto"])
def test_arrays_of_any_kind_are_the_same(arrays, epochs):
    if arrays == "torch":
        pytest.importorskip("torch")
    with small(arrays=arrays) as loader:
        assert [digest(batch) for batch in loader] == epochs[0]


def test_numpy_and_torch_take_dlpack():
    with small(arrays="dlpack") as loader:
        (view, _), ids, _ = next(iter(loader))
        assert np.from_dlpack(view).shape == (ROWS, 24, 24, 3)
        torch = pytest.importorskip("torch")
        assert np.array_equal(torch.from_dlpack(view).numpy(), np.from_dlpack(view))
        assert torch.from_dlpack(ids).dtype == torch.int64


def test_views_are_lent_and_not_copied():
    with small(arrays="dlpack") as loader:
        (view, _), _, _ = next(iter(loader))
        first, second = np.from_dlpack(view), np.asarray(view)
        second[0, 0, 0, 0] ^= 255
        assert first[0, 0, 0, 0] == second[0, 0, 0, 0]
        assert first.__array_interface__["data"][0] == second.__array_interface__["data"][0]


@pytest.mark.parametrize("workers", [1, 4])
def test_worker_counts_change_nothing(workers, epochs):
    with small(arrays="numpy", data__num_workers=workers, data__batch_slots=workers) as loader:
        for expected in epochs[:3]:
            assert [digest(batch) for batch in loader] == expected


def test_set_epoch(epochs):
    with small(arrays="numpy") as loader:
        for epoch in (2, 0, 0, 5):
            loader.set_epoch(epoch)
            assert [digest(batch) for batch in loader] == epochs[epoch]
        with pytest.raises(ValueError, match="no epoch -1"):
            loader.set_epoch(-1)


def test_a_loop_that_is_left_early_costs_nothing(epochs):
    with small(arrays="numpy") as loader:
        for epoch in range(6):
            taken = [digest(batch) for batch in itertools.islice(loader, epoch)]
            assert taken == epochs[epoch][:epoch]


def test_a_new_loop_ends_the_one_before(epochs):
    with small(arrays="numpy") as loader:
        first = iter(loader)
        next(first)
        second = iter(loader)
        with pytest.raises(RuntimeError, match="another loop has begun"):
            next(first)
        assert [digest(batch) for batch in second] == epochs[1]


def test_what_is_held_stays_as_it_is(epochs):
    with small(arrays="numpy") as loader:
        loop = iter(loader)
        held = [next(loop) for _ in range(2)]  # and `for` holds the batch that it is in
        for _ in range(5):
            for _ in loader:
                pass
        assert [digest(batch) for batch in held] == epochs[0][:2]
    assert [digest(batch) for batch in held] == epochs[0][:2]


def test_one_view_holds_the_whole_batch():
    with small(arrays="numpy") as loader:
        (view, _), ids, labels = next(iter(loader))
        copy = view.copy()
        del ids, labels
        for _ in range(3):
            for _ in loader:
                pass
        assert np.array_equal(view, copy)


def test_holding_all_batches_is_an_error_that_says_what_to_do():
    with small(arrays="numpy", timeout=0.3) as loader:
        held = []
        with pytest.raises(RuntimeError, match="holds all 4 batches.*raise loader.batches"):
            for batch in loader:
                held.append(batch)
        assert len(held) == 4
        held.clear()
        assert len(list(map(digest, loader))) == BATCHES


def test_ids_and_labels_may_be_kept():
    with small(arrays="numpy") as loader:
        assert len({int(i) for ids in [ids for _, ids, _ in loader] for i in ids}) == BATCHES * ROWS


def test_a_batch_in_a_cycle_goes_home(epochs):
    gc.disable()
    try:
        with small(arrays="numpy") as loader:
            for batch, expected in zip(loader, epochs[0]):
                assert digest(batch) == expected
                cycle = [batch]
                cycle.append(cycle)
                del batch, cycle
    finally:
        gc.enable()


def test_state_in_mid_epoch(epochs):
    with small(arrays="numpy") as loader:
        loader.set_epoch(1)
        loop = iter(loader)
        for _ in range(3):
            next(loop)
        state = loader.state_dict()
        assert [digest(batch) for batch in loop] == epochs[1][3:]
        assert loader.state_dict()["epoch"] == 2 and loader.state_dict()["batch"] == 0
    with small(arrays="numpy", data__num_workers=3) as other:
        other.load_state_dict(state)
        assert other.state_dict() == state
        other.set_epoch(1)  # what Lightning says at the start of the epoch that it goes on with
        assert [digest(batch) for batch in other] == epochs[1][3:]
        assert [digest(batch) for batch in other] == epochs[2]


def test_state_at_random_places(epochs):
    draw = random.Random(5)
    with small(arrays="numpy") as loader, small(arrays="numpy", data__num_workers=4) as other:
        for _ in range(200):
            epoch, batch = draw.randrange(5), draw.randrange(BATCHES + 1)
            loader.set_epoch(epoch)
            for _ in itertools.islice(loader, batch):
                pass
            other.load_state_dict(loader.state_dict())
            rest = epochs[epoch][batch:] or epochs[epoch + 1]
            if batch == 0:  # no loop has begun before the first batch is taken
                rest = epochs[epoch + 1] if loader.state_dict()["epoch"] == epoch + 1 else epochs[epoch]
            assert [digest(one) for one in other] == rest


def test_state_of_another_loader_is_refused():
    with small(arrays="numpy") as loader, small(arrays="numpy", data__batch_size=4) as other:
        with pytest.raises(ValueError, match="batch_size was 8 and is 4"):
            other.load_state_dict(loader.state_dict())
        with pytest.raises(ValueError, match="version"):
            other.load_state_dict({"anything": 1})


def test_ranks_share_an_epoch(epochs):
    for rank in range(2):
        with small(arrays="numpy", rank=rank, world_size=2) as loader:
            assert [digest(batch) for batch in loader] == epochs[0][rank:6:2]
    with pytest.raises(ValueError, match="rank and world_size"):
        small(rank=1)


def test_ranks_share_steps(epochs):
    taken = []
    for rank, expected in enumerate([[2, 1], [2, 2]]):  # of the epoch's seven batches four make a step
        with small(arrays="numpy", rank=rank, world_size=2, gradient_accumulation=2) as loader:
            assert loader.windows == expected and len(loader) == sum(expected)
            batches = iter(loader)
            taken.append([[digest(next(batches)) for _ in range(own)] for own in loader.windows])
            state = loader.state_dict()
    first, second = zip(*taken)
    assert [*first[0], *first[1], *second[0], *second[1]] == epochs[0]
    with small(rank=1, world_size=2) as other, pytest.raises(ValueError, match="gradient_accumulation was 2 and is 0"):
        other.load_state_dict(state)
    del state["gradient_accumulation"]  # as it was saved before there was one
    with small(arrays="numpy", rank=1, world_size=2) as other:
        assert other.windows == [1, 1, 1]
        other.load_state_dict(state)


def test_rank_of_torch_distributed(epochs, tmp_path):
    distributed = pytest.importorskip("torch.distributed")
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        with small(arrays="numpy") as loader:
            assert loader.state_dict()["world_size"] == 1
            assert [digest(batch) for batch in loader] == epochs[0]
    finally:
        distributed.destroy_process_group()


def test_errors_are_pythons(tmp_path):
    with pytest.raises(flowtrain.ConfigError, match="did you mean 'data.batch_size'") as caught:
        small(**{"data__batchsize": 3})
    assert isinstance(caught.value, ValueError)
    with pytest.raises(flowtrain.ConfigError, match="there is no file graphs/nothing.yaml"):
        small(graph="graphs/nothing.yaml")
    with pytest.raises(flowtrain.ConfigError, match="no graph takes"):
        small(data__root=object())
    with pytest.raises(ValueError, match="arrays='cupy'"):
        small(arrays="cupy")
    with pytest.raises(flowtrain.ConfigError, match="is no loader: it has no LoaderSource"):
        flowtrain.Loader(_no_loader(tmp_path))


def _no_loader(folder):
    path = folder / "none.yaml"
    path.write_text("""
graph: none
resources:
  consumer: {type: Consumer}
  dataset: {type: ImageDataset, options: {kind: sample, sample_size: 24}}
nodes:
  source: {type: OrderedSource, out: ids, options: {images: all}}
  decode: {type: DecodeImage, in: ids, out: images}
  view: {type: CenterCrop, in: images, out: rows}
  lend: {type: LendBatch, in: rows, options: {batch_size: 8, image_size: 24, views: 1}}
""")
    return path


def test_bad_images(tmp_path):
    for number in range(16):
        (tmp_path / f"{number}.jpg").write_bytes(b"this is no JPEG")
    with small(data__kind="folder", data__root=str(tmp_path)) as loader:
        with pytest.raises(flowtrain.DataError, match="cannot be used"):
            next(iter(loader))


def test_a_closed_loader_says_so():
    loader = small()
    loop = iter(loader)
    next(loop)
    loader.close()
    loader.close()
    with pytest.raises(RuntimeError, match="closed"):
        next(loop)
    with pytest.raises(RuntimeError, match="closed"):
        next(iter(loader))


def test_timing():
    with small(arrays="dlpack") as loader:
        with pytest.raises(RuntimeError, match="take a few batches first"):
            loader.timing()
        for _ in loader:
            pass
        said = io.StringIO()
        figures = loader.timing(file=said)
        assert [row["node"] for row in figures["nodes"]] == ["source", "decode", "augment", "normalize"]
        assert all(row["us_per_image"] > 0 for row in figures["nodes"]) and figures["images_per_s"] > 0
        assert "augment" in said.getvalue() and figures["verdict"] in said.getvalue()
        assert "holds the loop up" in figures["verdict"]  # this loop does nothing itself


def test_timing_of_a_slow_loop():
    with small(arrays="dlpack") as loader:
        for _ in range(2):
            for _ in loader:
                time.sleep(0.1)
        figures = loader.timing(file=io.StringIO())
        assert "holds the loader up" in figures["verdict"] and figures["waited"] < 0.05, figures


def test_tune_in_mid_epoch(epochs, capsys):
    with small(arrays="numpy") as loader:
        loop = iter(loader)
        taken = [digest(next(loop)) for _ in range(2)]
        speeds = loader.tune(seconds=0.1, workers=[1, 2])
        assert list(speeds) == [1, 2] and min(speeds.values()) > 0
        assert "workers 2 (2 of 2)" in capsys.readouterr().err
        assert taken + [digest(batch) for batch in loop] == epochs[0]


def test_the_fewest_workers_that_are_fast_enough():
    assert fewest_workers({1: 100, 2: 198, 4: 200}) == 2
    assert fewest_workers({1: 100, 2: 90}) == 1
