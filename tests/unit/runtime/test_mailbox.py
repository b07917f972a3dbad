"""Requests of other threads: done once, in order, by the one that serves; none waits for ever."""

import threading

import pytest

from appliance.errors import ApplianceError
from appliance.runtime.mailbox import Mailbox, MailboxFull


def test_work_is_done_in_order_by_the_thread_that_serves() -> None:
    mailbox = Mailbox()
    done: list[tuple[int, int]] = []

    def work(number: int) -> int:
        done.append((number, threading.get_ident()))
        return number * 2

    jobs = []
    asking = threading.Thread(
        target=lambda: jobs.extend(mailbox.ask(lambda n=n: work(n)) for n in range(5))
    )
    asking.start()
    asking.join()
    assert not done
    assert mailbox.serve() == 5
    assert [number for number, _ in done] == list(range(5))
    assert {thread for _, thread in done} == {threading.get_ident()}
    assert [job.result(0) for job in jobs] == [0, 2, 4, 6, 8]
    assert mailbox.serve() == 0


def test_what_cannot_be_done_is_told_to_who_asked_and_the_next_goes_on() -> None:
    mailbox = Mailbox()

    def refuse(error: Exception) -> None:
        raise error

    bad = mailbox.ask(lambda: refuse(ValueError("no such alert")))
    worse = mailbox.ask(lambda: refuse(ApplianceError("not now")))
    good = mailbox.ask(lambda: 1)
    assert mailbox.serve() == 3
    with pytest.raises(ValueError, match="no such alert"):
        bad.result(0)
    with pytest.raises(ApplianceError, match="not now"):
        worse.result(0)
    assert good.result(0) == 1


def test_a_fault_ends_the_thread_that_serves_and_is_told_to_both() -> None:
    mailbox = Mailbox()
    job = mailbox.ask(lambda: {}["missing"])
    with pytest.raises(KeyError):
        mailbox.serve()
    with pytest.raises(KeyError):
        job.result(0)


def test_what_nobody_waits_for_any_more_is_not_done() -> None:
    mailbox = Mailbox()
    done: list[int] = []
    job = mailbox.ask(lambda: done.append(1))
    job.cancel()
    mailbox.serve()
    assert not done


def test_it_is_bounded_and_counts_what_it_refuses() -> None:
    mailbox = Mailbox(limit=2)
    for _ in range(2):
        mailbox.ask(lambda: None)
    with pytest.raises(MailboxFull):
        mailbox.ask(lambda: None)
    assert mailbox.refused == 1
    mailbox.serve()
    mailbox.ask(lambda: None)


def test_a_request_that_asks_again_does_not_hold_its_thread() -> None:
    mailbox = Mailbox(limit=8)

    def again() -> None:
        mailbox.ask(again)

    again()
    assert mailbox.serve() == 8


def test_closing_cancels_what_waits_and_refuses_what_comes() -> None:
    mailbox = Mailbox()
    job = mailbox.ask(lambda: None)
    mailbox.close()
    assert job.cancelled()
    with pytest.raises(MailboxFull):
        mailbox.ask(lambda: None)
    assert mailbox.serve() == 0
