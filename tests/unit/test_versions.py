"""What a process keeps of what it has read: no longer than the rows stand that it was read from."""

from integration_bridge.connect.versions import as_long_as


class Reader:
    """Reads itself, and counts how often."""

    def __init__(self, may_be_kept=True):
        self.may_be_kept, self.count = may_be_kept, 0

    def __call__(self):
        self.count += 1
        return self, self.may_be_kept


def test_it_is_read_once_as_long_as_the_rows_stand():
    read = Reader()
    assert as_long_as(("db", "once"), "1", read) is read
    assert as_long_as(("db", "once"), "1", read) is read
    assert read.count == 1


def test_another_version_of_the_rows_counts_at_once():
    old, new = Reader(), Reader()
    as_long_as(("db", "changed"), "1", old)
    assert as_long_as(("db", "changed"), "2", new) is new
    assert as_long_as(("db", "changed"), "2", old) is new


def test_same_connector_of_another_database_is_another_one():
    one, other = Reader(), Reader()
    as_long_as(("db", "7"), "1", one)
    assert as_long_as(("db2", "7"), "1", other) is other


def test_what_may_not_be_kept_is_read_each_time():
    read = Reader(may_be_kept=False)
    as_long_as(("db", "locked"), "1", read)
    as_long_as(("db", "locked"), "1", read)
    assert read.count == 2
