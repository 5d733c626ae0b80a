"""A pull that would make far more related records than it reads documents stops, and asks.

More likely it makes the same ones again and again than that they are all new.
"""

from ...mapping.references import ToCreate, references_in
from ..words import CREATE, LINK, UPDATE

RELATED = "related"  # what a run asks for
MOST_EACH, FEW = 5, 200  # for each document; and those that nobody is asked for


class TooManyError(Exception):
    """The batch would make too many; nothing of it was written.

    :ivar int count: related records that the run would have made with it
    :ivar int read: documents that it has read
    """

    def __init__(self, count, read):
        super().__init__(count, read)
        self.count, self.read = count, read


def check(pull, steps):
    """May the related records of this batch be made?

    :param list[Step] steps: of the batch
    :return: how many are to be made
    :rtype: int
    :raises TooManyError: if a person should be asked before
    """
    if ToCreate not in pull.unmade:
        return 0
    run = pull.run
    wanted = {
        reference
        for step in steps
        if step.action in (CREATE, LINK, UPDATE)
        for value in step.values.values()
        for reference in references_in(value, ToCreate)
    }
    made, read = (run.position or {}).get(RELATED, 0) + len(wanted), run.fetched + len(steps)
    # Only a run of pages can stop and ask; its road is the patient one (see ``Pull``).
    is_asked = pull.is_patient and not run.dry_run and not run._is_confirmed(RELATED)
    if wanted and is_asked and made > max(FEW, MOST_EACH * read):
        raise TooManyError(made, read)
    return len(wanted)
