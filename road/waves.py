"""What comes first: records in an order in which each comes after those that it points to. Pure."""


def waves(ids, depends_on):
    """Records in levels.

    :param ids: what stands for the records, hashable, in the order in which they came
    :param depends_on: a function of one, that gives those that it points to; others than ``ids`` are not waited for
    :return: lists, each of which points only to those before it; and the circles, which are lists of their own
    :rtype: Iterator[tuple[list, bool]]: the level, and is it a circle
    """
    waiting = {one: set(depends_on(one)) for one in ids}
    while waiting:
        ready = [one for one, needed in waiting.items() if not any(other in waiting for other in needed)]
        is_circle = not ready
        ready = ready or list(waiting)
        yield ready, is_circle
        for one in ready:
            del waiting[one]
