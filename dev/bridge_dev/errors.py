"""The one error that ends a command."""


class SetupError(Exception):
    """What went wrong, and what the developer can do about it; printed as one line.

    :param str problem: what happened, in words.
    :param str advice: what to do next.
    """

    def __init__(self, problem, advice):
        self.problem = " ".join(str(problem).split())
        self.advice = " ".join(str(advice).split())
        super().__init__(f"{self.problem}; {self.advice}")
