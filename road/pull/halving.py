"""The bad record stands alone, the others are written."""

import psycopg2

from ...database import is_busy


def halve(env, steps, do, refuse):
    """Do steps in one savepoint; if that fails, each half, until the bad one stands alone.

    :param list steps: what is to be done
    :param do: does steps; gives an outcome for each, in their order; what it keeps elsewhere is lost when it fails
    :param refuse: gives the outcome of a step that failed, for the step and the exception
    :rtype: list
    :raises psycopg2.Error: if the transaction lost against another one, or the database is away
    """
    if not steps:
        return []
    try:
        with env.cr.savepoint():
            return do(steps)
    except Exception as error:
        if is_busy(error) or isinstance(error, psycopg2.OperationalError):
            raise
        if len(steps) == 1:
            return [refuse(steps[0], error)]
    middle = len(steps) // 2
    return halve(env, steps[:middle], do, refuse) + halve(env, steps[middle:], do, refuse)
