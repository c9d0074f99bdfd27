"""Copies to a device, and page-locked buffers for them."""

import pytest
from conftest import ROWS, digest, small

from flowtrain.device import PinnedMemory


def test_a_device_gets_copies_a_batch_ahead(epochs):
    torch = pytest.importorskip("torch")
    with small(device="cpu") as loader:
        assert [digest(batch) for batch in loader] == epochs[0]
        loop = iter(loader)
        next(loop)
        assert loader.state_dict()["batch"] == 1  # and not the two that are taken
    with small(device="meta", views=1) as loader:
        view, ids, _ = next(iter(loader))
        assert view.device.type == "meta" and view.shape == (ROWS, 24, 24, 3) and ids.device == torch.device("cpu")


class Cuda:
    """Stands for torch.cuda, and notes what is asked of it."""

    def __init__(self, room=99):
        self.room, self.locked, self.synchronized = room, {}, 0

    def cudart(self):
        return self

    def synchronize(self, _device):
        self.synchronized += 1

    def cudaHostRegister(self, address, size, _flags):  # pylint: disable=invalid-name
        if len(self.locked) == self.room:
            return 2
        self.locked[address] = size
        return 0

    def cudaHostUnregister(self, address):  # pylint: disable=invalid-name
        assert self.synchronized, "a copy may still read it"
        del self.locked[address]
        return 0


def test_all_buffers_are_locked_and_let_go():
    with small(arrays="numpy") as loader:
        memory, cuda = loader._run.memory, Cuda()
        pinned = PinnedMemory(memory, cuda, "cuda")
        assert len(cuda.locked) == 6  # four that are lent, and two that are being filled
        for (view, _), _, _ in loader:
            begin = view.__array_interface__["data"][0]
            assert any(at <= begin and begin + 2 * view.nbytes <= at + size for at, size in cuda.locked.items())
        pinned.release()
        assert not cuda.locked
        pinned = PinnedMemory(memory, cuda, "cuda")
        del pinned
        assert not cuda.locked


def test_memory_that_cannot_be_locked_is_named():
    with small(arrays="numpy") as loader:
        cuda = Cuda(room=3)
        with pytest.raises(RuntimeError, match="pin_memory: CUDA locked 3 of the loader's 6 buffers.*lower loader.batches"):
            PinnedMemory(loader._run.memory, cuda, "cuda")
        assert not cuda.locked


def test_pinned_memory_is_for_copies_to_cuda():
    torch = pytest.importorskip("torch")
    for device in (None, "cpu"):
        with pytest.raises(ValueError, match="pin_memory=True is for copies to device='cuda'"):
            small(device=device, pin_memory=True)
    if torch.cuda.is_available():
        with small(device="cuda", pin_memory=True) as loader, small() as plain:
            for (views, ids, labels), expected in zip(loader, plain):
                assert digest((tuple(view.cpu() for view in views), ids, labels)) == digest(expected)
    else:
        with pytest.raises(ValueError, match="torch.cuda.is_available.. is False: leave it out"):
            small(device="cuda", pin_memory=True)
