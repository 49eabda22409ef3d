"""Threads that share tasks: all are done, and no thread is left behind."""

import os
import sys
import threading
import time

import pytest
import torch

from sklearn_w2v._skipgram.threads import team_of

TEAMS = pytest.mark.parametrize("n_threads", [1, 2, 3, 8])


@TEAMS
@pytest.mark.parametrize("n_tasks", [0, 1, 2, 7, 100])
def test_each_task_is_done_once_before_the_team_returns(n_threads, n_tasks):
    done = []
    tasks = [lambda number=number: done.append(number) for number in range(n_tasks)]
    with team_of(n_threads) as team:
        for _ in range(20):
            done.clear()
            team.run(tasks)
            assert sorted(done) == list(range(n_tasks))


def test_tasks_run_side_by_side():
    both_are_here = threading.Barrier(2, timeout=30)
    with team_of(2) as team:
        team.run([both_are_here.wait, both_are_here.wait])


@TEAMS
@pytest.mark.parametrize("place", [0, 1, 9])
def test_an_error_in_a_task_is_raised(n_threads, place):
    def fail():
        raise ArithmeticError("of a task")

    tasks = [lambda: time.sleep(0.001)] * 10
    tasks[place] = fail
    with team_of(n_threads) as team:
        with pytest.raises(ArithmeticError, match="of a task"):
            team.run(tasks)
        team.run(tasks[:place])  # the team works on


@TEAMS
def test_items_come_in_their_order(n_threads):
    with team_of(n_threads) as team:
        assert list(team.ahead(iter(range(50)))) == list(range(50))


def test_the_next_item_is_made_while_one_is_used():
    made, used = threading.Event(), threading.Event()

    def items():
        yield 1
        assert used.wait(30)
        made.set()
        yield 2

    with team_of(2) as team:
        for item in team.ahead(items()):
            if item == 1:
                used.set()
                assert made.wait(30)


@TEAMS
def test_an_error_while_items_are_made_is_raised(n_threads):
    def items():
        yield 1
        raise ArithmeticError("of items")

    with team_of(n_threads) as team, pytest.raises(ArithmeticError, match="of items"):
        list(team.ahead(items()))


def test_nobody_waits_for_a_helper_that_is_busy_with_the_next_item():
    done = threading.Event()

    def items():
        yield 1
        assert done.wait(30)  # the only helper is here until all tasks are done
        yield 2

    with team_of(2) as team:
        for item in team.ahead(items()):
            if item == 1:
                team.run([lambda: None] * 5)
                done.set()


@TEAMS
def test_torch_has_one_thread_meanwhile_and_all_of_them_after(n_threads):
    before, n_running = torch.get_num_threads(), threading.active_count()
    seen = []
    with team_of(n_threads) as team:
        team.run([lambda: seen.append(torch.get_num_threads())] * 10)
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
    with team_of(3) as team:
        team.run([multiply] * 12)
        assert len(os.listdir("/proc/self/task")) <= n_before + 2


def test_teams_at_the_same_time_put_torchs_threads_back():
    before = torch.get_num_threads()
    with team_of(1):
        inner = team_of(2)
        inner.__enter__()
    inner.__exit__(None, None, None)
    assert torch.get_num_threads() == before
