"""What both roads stand on: a flow, its mapping and rules, and Odoo's models as its acting user sees them."""

import functools

from .policy import nested_flows_of, policy_of


class Ground:
    """What the steps of a road need.

    :param BridgeFlow flow: whose records are on the road
    :param BridgeRun run: what they are counted and logged for
    :param Client client: asks and sends
    :param commit: commits, told how many records were handled; gives the seconds that are left
    :param Mapper mapper: the flow's, where it is compiled already
    """

    def __init__(self, flow, run, client, commit, mapper=None):
        self.env, self.flow, self.run, self.client, self.commit = flow.env, flow, run, client, commit
        self.mapper = mapper or flow._mapper()
        self._records_of = {}

    @functools.cached_property
    def policy(self):
        """:rtype: Policy"""
        return policy_of(self.flow, self.mapper)

    @functools.cached_property
    def nested_flows(self):
        """The flows of the records inside, by the field that they are in.

        :rtype: dict[str, BridgeFlow]
        """
        return nested_flows_of(self.flow, self.mapper)

    @property
    def records(self):
        """The flow's model, as the acting user sees it.

        :raises UserError: if there is no acting user who may work
        """
        return self.records_of(self.flow)

    def records_of(self, flow):
        """The model of a flow, as the acting user sees it, asked for once a batch: of this one, or of a nested one."""
        if flow not in self._records_of:
            self._records_of[flow] = flow._records()
        return self._records_of[flow]
