import threading

import pytest

from cropmap.threads import in_order, worker_count


def test_results_come_in_order_whatever_the_threads():
    release = threading.Event()

    def work(item):
        # The first item ends after the second.
        if item == 0:
            assert release.wait(10)
        else:
            release.set()
        return item * 10

    assert list(in_order(work, range(5), 2)) == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_no_more_than_one_item_beyond_the_threads_is_ahead(threads):
    taken = []
    ahead = [len(taken) for _ in in_order(taken.append, range(30), threads)]
    assert all(started <= done + threads + 1 for done, started in enumerate(ahead))


def test_an_error_in_a_thread_reaches_the_consumer_and_stops_the_rest():
    started = []

    def work(item):
        started.append(item)
        if item == 3:
            message = "block 3"
            raise ValueError(message)
        return item

    with pytest.raises(ValueError, match="block 3"):
        list(in_order(work, range(1000), 2))
    assert len(started) < 10


def test_no_thread_outlives_a_consumer_that_stops():
    results = in_order(lambda item: item, range(1000), 3)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("block")]


def test_zero_threads_means_as_many_as_cores_but_at_most_eight():
    assert 1 <= worker_count(0) <= 8
    assert worker_count(3) == 3
