"""What the benchmarks' ratios must not fall under: `dev/benchmarks/floors.json`, from ratios that were measured once.

A ratio is the larger the better, in every row, and says the same on any machine; rates and sizes by themselves do not,
and are not kept.
"""

FALL = 0.25  # the part of a stored ratio by which the measured one may be smaller


def ratios(rows):
    """What of a benchmark's rows can be compared.

    :param list[dict] rows: see bench_run.py
    :return: what is measured, and against what, to the ratio
    :rtype: dict[str, float]
    """
    return {f"{row['name']} / {row['against']}": row["ratio"] for row in rows if row["ratio"] is not None}


def best(attempts):
    """The best ratio of each row, over several attempts: other work on the machine only makes them smaller.

    :param list[dict] attempts: of ``ratios``
    :rtype: dict[str, float]
    """
    names = {name: None for one in attempts for name in one}
    return {name: max(one[name] for one in attempts if name in one) for name in names}


def problems(stored, measured):
    """What is wrong with the ratios of one benchmark.

    :param dict stored: name of a row to the ratio that it had
    :param dict measured: the same, of now
    :return: for each row that is wrong, what is wrong with it, in words
    :rtype: dict[str, str]
    """
    found = {}
    for name, ratio in stored.items():
        if name not in measured:
            found[name] = "is not measured any more"
        elif measured[name] < ratio * (1 - FALL):
            fall = 100 * (1 - measured[name] / ratio)
            found[name] = f"is {measured[name]:.2f}, which is {fall:.0f} % under {ratio:.2f}"
    for name in measured.keys() - stored.keys():
        found[name] = "has no floor yet: run ./dev/bench --renew"
    return found
