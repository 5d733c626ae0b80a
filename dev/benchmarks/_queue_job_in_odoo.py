"""The part of `queue.py` that runs inside Odoo with OCA's queue_job, in a process of its own (see in_odoo.py)."""

import time

from odoo.addons.queue_job.delay import group


def enqueue(env, jobs, chunk):
    """Put in jobs that do nothing in the ways that queue_job documents; as many wait afterwards.

    :return: the rate (jobs/s) of the fastest way
    :rtype: float
    """
    rates = []
    for way in (_group, _with_delay):
        env.cr.execute("DELETE FROM queue_job")
        env.cr.commit()
        started = time.perf_counter()
        for start in range(0, jobs, chunk):
            way(env["queue.job"], min(chunk, jobs - start))
            env.cr.commit()
        rates.append(jobs / (time.perf_counter() - started))
        print(f"{way.__name__}: {rates[-1]:.0f} jobs/s")  # for the log
    return max(rates)


def _group(model, number):
    group(*(model.delayable()._test_job() for _position in range(number))).delay()


def _with_delay(model, number):
    for _position in range(number):
        model.with_delay()._test_job()
