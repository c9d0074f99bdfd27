"""However a loop ends, nothing hangs, nothing leaks, and the error says what happened."""

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import digest, run_script, small

import flowtrain


def test_ctrl_c_while_a_batch_is_awaited():
    """All batches are held, so the loop waits; Ctrl-C must end that at once."""
    done = run_script("""
        import signal, threading, time
        loader = small(arrays="dlpack", timeout=1000)
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()  # it might let a batch go
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
        begin, held = time.monotonic(), []
        try:
            for batch in loader:
                held.append(batch)
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - begin < 3)
    """)
    assert done.stdout == "interrupted True\n", done


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise ValueError('mine')", "loader.close()", "del loader, loop",
                                    "os._exit(0)", "globals()['again'] = [small(), batch]"])
def test_an_interpreter_that_ends_in_mid_epoch(ending):
    done = run_script(f"""
        loader = small(arrays="dlpack")
        loop = iter(loader)
        batch = next(loop)
        print("taken", flush=True)
        {ending}
    """)
    assert done.stdout == "taken\n"
    assert done.returncode == (3 if "exit(3)" in ending else 1 if "mine" in ending else 0), done
    assert ("mine" in done.stderr) == ("mine" in ending)
    assert "Traceback" not in done.stderr or "mine" in done.stderr, done.stderr


def test_a_forked_child_is_told():
    done = run_script("""
        loader = small(arrays="dlpack")
        loop = iter(loader)
        batch = next(loop)
        child = os.fork()
        if child == 0:
            try:
                next(loop)
            except flowtrain.ForkedError as error:
                print("child:", "make the loader in the process that uses it" in str(error), flush=True)
            try:
                small(arrays="dlpack")
            except flowtrain.ForkedError as error:
                print("child's own:", "start it by 'spawn'" in str(error), flush=True)
            sys.exit(5)  # with all that Python does at its end
        _, status = os.waitpid(child, 0)
        print("parent:", os.waitstatus_to_exitcode(status), sum(1 for _ in loop))
    """)
    assert done.stdout.splitlines() == ["child: True", "child's own: True", "parent: 5 6"], done


def test_a_child_forked_before_the_loop_has_a_loader_of_its_own():
    done = run_script("""
        loader = small(arrays="dlpack")
        child = os.fork()
        if child == 0:
            with small(arrays="dlpack") as own:
                print("child:", *[digest(batch) for batch in own], flush=True)
            sys.exit(5)
        _, status = os.waitpid(child, 0)
        print("parent:", *[digest(batch) for batch in loader])
        print(os.waitstatus_to_exitcode(status))
    """)
    child, parent, status = done.stdout.splitlines()
    assert child.split()[1:] == parent.split()[1:] and len(child.split()) == 8 and status == "5", done


def test_a_spawned_child_has_a_loader_of_its_own():
    done = run_script("""
        import multiprocessing
        with small(arrays="dlpack") as loader, multiprocessing.get_context("spawn").Pool(1) as pool:
            expected = digest(next(iter(loader)))
            print(pool.apply_async(first_digest).get(60) == expected)
    """)
    assert done.stdout == "True\n", done


def test_the_gil_is_free_while_a_batch_is_awaited():
    with small(arrays="dlpack", timeout=3) as loader:
        loop = iter(loader)
        held = [next(loop) for _ in range(4)]
        counted = 0

        def let_go():
            nonlocal counted
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                counted += 1
            held.clear()

        thread = threading.Thread(target=let_go)
        thread.start()
        next(loop)
        thread.join()
        assert counted > 10_000


def test_an_exception_in_the_loop_leaves_the_loader_good(epochs):
    with small(arrays="numpy") as loader:
        for epoch in range(3):
            with pytest.raises(ZeroDivisionError):
                for number, _ in enumerate(loader):
                    if number == epoch:
                        raise ZeroDivisionError
        assert [digest(batch) for batch in loader] == epochs[3]


def _threads():
    return len(os.listdir("/proc/self/task"))


def test_loaders_leave_nothing_behind():
    def use():
        with small(arrays="dlpack") as loader:
            next(iter(loader))

    use()
    threads, memory = _threads(), None
    for number in range(60):
        use()
        if number == 20:
            memory = _resident()
    assert _threads() <= threads + 1
    assert _resident() - memory < 40 << 20
    assert len(os.listdir("/proc/self/fd")) < 60


def _resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def interruptions(count, seed):
    """Loops that end in any way, of which none may hang or change a later one."""
    draw = random.Random(seed)
    reference = {}

    def expected(epoch):
        if epoch not in reference:
            with small(arrays="dlpack") as loader:
                loader.set_epoch(epoch)
                reference[epoch] = [digest(batch) for batch in loader]
        return reference[epoch]

    loader = small(arrays="dlpack")
    for _ in range(count):
        ending = draw.choice(["break", "exception", "delete", "close", "fork", "signal", "hold"])
        epoch, after = draw.randrange(4), draw.randrange(8)
        loader.set_epoch(epoch)
        taken, held = [], []
        try:
            for batch in loader:
                taken.append(digest(batch))
                if ending == "hold":
                    held = held[-1:] + [batch]
                if len(taken) <= after:
                    continue
                if ending == "break":
                    break
                if ending == "exception":
                    raise ZeroDivisionError
                if ending == "signal":
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.01)
                if ending == "fork":
                    _fork_and_look(loader)
        except (ZeroDivisionError, KeyboardInterrupt):
            pass
        assert taken == expected(epoch)[: len(taken)], ending
        if ending == "close":
            loader.close()
        if ending in ("delete", "close"):
            loader = small(arrays="dlpack", data__num_workers=draw.randrange(1, 4))
        del held
    loader.close()


def _fork_and_look(loader):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            next(iter(loader))
        except flowtrain.ForkedError:
            status = 0
        finally:
            os._exit(status)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("a forked child hangs")


def test_random_interruptions():
    count = int(os.environ.get("FLOWTRAIN_INTERRUPTIONS", "100"))
    done = subprocess.run(
        [sys.executable, "-c", f"import test_endings; test_endings.interruptions({count}, 1)"],
        cwd=os.path.dirname(os.path.abspath(__file__)), timeout=30 + count, check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 0, done.stderr
