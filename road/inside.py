"""Which Odoo records are to be pushed."""


def inside(flow, record_ids, ground=None):
    """Those of these records that are to be pushed.

    :param Ground ground: what a road has of the flow already
    :return: records of the flow's model
    """
    if not record_ids:
        return flow.env[flow.model].sudo()
    return search_inside(flow, [("id", "in", list(record_ids))], ground)


def search_inside(flow, some, ground=None, **options):
    """Records that are to be pushed; archived ones only where the mapping says what that means.

    :param list some: a domain: which of them
    :param Ground ground: what a road has of the flow already
    :param options: for ``search``
    :raises AccessError: if the flow's domain asks for what the acting user may not read
    """
    domain, seen = flow._read_domain("push_domain"), ground.records if ground else flow._records()
    if seen._active_name in (ground.mapper.fields if ground else flow.mapping_ids.mapped("field_name")):
        seen = seen.with_context(active_test=False)
    seen._search(domain)  # by what is pushed nobody learns what a hidden field holds
    # A record that the acting user does not see has not left, so the rules for the model itself do not count; those for
    # related records do: by what is pushed nobody learns either what a record holds that this user may not read.
    found = seen._search([*some, *domain], bypass_access=True, **options)
    return flow.env[flow.model].sudo().browse(found)


def inside_after(flow, after, limit):
    """The next records to push, by their ids.

    :param int after: the last id of those before
    :rtype: list[int]
    """
    return search_inside(flow, [("id", ">", after)], order="id", limit=limit).ids


def waits_for_matching(flow):
    """Must the records of the two sides still be matched, before any is sent?"""
    return flow.direction == "both" and not flow.last_full_scan
