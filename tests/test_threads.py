"""Threads that share tasks: all tasks are done, and no thread remains."""

import os
import sys
import threading
import time
from functools import partial

import pytest
import torch

from sklearn_w2v._skipgram.threads import thread_pool

THREADS = pytest.mark.parametrize("n_threads", [1, 2, 3, 8])


@THREADS
@pytest.mark.parametrize("n_tasks", [0, 1, 2, 7, 100])
def test_each_task_is_done_once_before_run_returns(n_threads, n_tasks):
    done = []
    tasks = [lambda number=number: done.append(number) for number in range(n_tasks)]
    with thread_pool(n_threads) as threads:
        for _ in range(20):
            done.clear()
            threads.run(tasks)
            assert sorted(done) == list(range(n_tasks))


def test_tasks_run_at_the_same_time():
    both_are_here = threading.Barrier(2, timeout=30)
    with thread_pool(2) as threads:
        threads.run([both_are_here.wait, both_are_here.wait])


@THREADS
@pytest.mark.parametrize("place", [0, 1, 9])
def test_an_error_in_a_task_is_raised(n_threads, place):
    def fail():
        raise ArithmeticError("of a task")

    tasks = [lambda: time.sleep(0.001)] * 10
    tasks[place] = fail
    with thread_pool(n_threads) as threads:
        with pytest.raises(ArithmeticError, match="of a task"):
            threads.run(tasks)
        threads.run(tasks[:place])  # the threads still work


@THREADS
@pytest.mark.parametrize("n_items", [0, 50])
def test_items_come_in_their_order_however_long_each_takes(n_threads, n_items):
    def make(number):
        time.sleep(0.01 * (number % 3 == 0))
        return number

    with thread_pool(n_threads) as threads:
        found = list(threads.prefetch(partial(make, i) for i in range(n_items)))
    assert found == list(range(n_items))


@pytest.mark.parametrize("n_threads", [2, 8])
def test_the_next_item_is_made_while_one_is_used(n_threads):
    made, used = threading.Event(), threading.Event()

    def make_second():
        assert used.wait(30)
        made.set()
        return 2

    with thread_pool(n_threads) as threads:
        for item in threads.prefetch(iter([lambda: 1, make_second])):
            if item == 1:
                used.set()
                assert made.wait(30)


@pytest.mark.parametrize(("n_threads", "n_ahead"), [(1, 0), (2, 1), (4, 2), (8, 3)])
def test_few_items_are_made_ahead(n_threads, n_ahead):
    begun = []

    def make(number):
        begun.append(number)
        return number

    with thread_pool(n_threads) as threads:
        for item in threads.prefetch(partial(make, number) for number in range(20)):
            time.sleep(0.001)
            assert max(begun) <= item + n_ahead


@pytest.mark.parametrize("n_threads", [4, 8])
def test_several_threads_make_items_at_the_same_time(n_threads):
    wait = threading.Barrier(2, timeout=30).wait
    with thread_pool(n_threads) as threads:
        # While the first item is used, the next two are made.
        assert len(list(threads.prefetch(iter([lambda: None, wait, wait])))) == 3


@THREADS
@pytest.mark.parametrize("place", [0, 1, 9])
def test_an_error_of_a_maker_is_raised_in_its_place(n_threads, place):
    def fail():
        raise ArithmeticError("of an item")

    makers = [lambda: None] * 10
    makers[place] = fail
    with thread_pool(n_threads) as threads:
        items = threads.prefetch(iter(makers))
        for _ in range(place):
            assert next(items) is None
        with pytest.raises(ArithmeticError, match="of an item"):
            next(items)
        assert list(threads.prefetch(iter(makers[:place]))) == [None] * place


@THREADS
def test_an_error_while_makers_are_found_is_raised(n_threads):
    def makers():
        yield lambda: 1
        raise ArithmeticError("of makers")

    with (
        thread_pool(n_threads) as threads,
        pytest.raises(ArithmeticError, match="of makers"),
    ):
        list(threads.prefetch(makers()))


@THREADS
def test_items_that_are_no_longer_needed_are_not_made(n_threads):
    begun = []

    def make(number):
        begun.append(number)
        return number

    with thread_pool(n_threads) as threads:
        items = threads.prefetch(partial(make, number) for number in range(1000))
        assert next(items) == 0
        items.close()
        n_begun = len(begun)
        threads.run([lambda: None] * 5)
    assert len(begun) <= n_begun + n_threads < 1000


def test_tasks_do_not_wait_for_a_thread_that_makes_the_next_item():
    done = threading.Event()

    def make_second():
        assert done.wait(30)  # the only other thread is here until all tasks are done
        return 2

    with thread_pool(2) as threads:
        for item in threads.prefetch(iter([lambda: 1, make_second])):
            if item == 1:
                threads.run([lambda: None] * 5)
                done.set()


def test_items_are_made_by_the_caller_if_the_other_thread_is_busy():
    done = threading.Event()
    with thread_pool(2) as threads:
        busy = threads.executor.submit(done.wait, 30)
        makers = [threading.current_thread] * 5
        assert list(threads.prefetch(iter(makers))) == [threading.current_thread()] * 5
        done.set()
        assert busy.result()


@THREADS
def test_each_thread_has_a_number_of_its_own(n_threads):
    all_are_here = threading.Barrier(n_threads, timeout=30)
    numbers = []

    def task():
        all_are_here.wait()
        numbers.append(threads.current())

    with thread_pool(n_threads) as threads:
        assert threads.n_threads == n_threads
        threads.run([task] * n_threads)
    assert len(set(numbers)) == n_threads


@THREADS
def test_torch_has_one_thread_during_tasks_and_all_of_them_after(n_threads):
    before, n_running = torch.get_num_threads(), threading.active_count()
    seen = []
    with thread_pool(n_threads) as threads:
        threads.run([lambda: seen.append(torch.get_num_threads())] * 10)
    assert set(seen) == {1}
    assert torch.get_num_threads() == before
    assert threading.active_count() == n_running


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_products_start_no_threads_of_their_own():
    matrix = torch.ones(600, 600)

    def multiply():
        for _ in range(20):
            matrix @ matrix

    n_before = len(os.listdir("/proc/self/task"))
    with thread_pool(3) as threads:
        threads.run([multiply] * 12)
        assert len(os.listdir("/proc/self/task")) <= n_before + 2


def test_pools_at_the_same_time_restore_torchs_number_of_threads():
    before = torch.get_num_threads()
    with thread_pool(1):
        inner = thread_pool(2)
        inner.__enter__()
    inner.__exit__(None, None, None)
    assert torch.get_num_threads() == before
