"""The road of a record, both ways: where is decided what.

============================================================  =====================================================
question                                                      file
============================================================  =====================================================
who wins, field by field?                                     ``mapping/merge.py``
what is decided about a record that came from there?          ``road/pull/plan.py``
what is decided about a record that changed here?             ``road/push/plan.py``
in which order do the steps go?                               ``road/pull/road.py``, ``road/push/road.py``
when do two keys name the same record?                        ``mapping/alike.py``, ``road/keyed.py``
which field mappings are proposed?                            ``mapping/proposals.py``
what does a field mapping make of a sample record?            ``road/sample.py``
which records of a sample would match one of Odoo?            ``road/match_sample.py``
how is a time read, and in which zone?                        ``moments.py``
where is a duplicate prevented in Odoo?                       ``road/pull/match.py``; ``models/bridge_key.py``
where is a duplicate prevented there?                         ``road/push/create_once.py``, ``intent.py``, ``find.py``
how is a request signed, how is a token got?                  ``remote/auth.py``, ``remote/signing.py``, ``grants.py``
where may a request go, and through which proxy?              ``remote/guard.py``, ``connection.py``, ``proxy.py``
whose turn is it to ask the other system?                     ``connect/turnstile.py``, ``shared_tokens.py``
how are secrets kept?                                         ``connect/secret_box.py``
what does an error of one record's request mean?              ``road/push/faults.py``, ``remote/status.py``
what happens to a record that fails?                          ``road/journal.py``, then ``jobs/failures.py``
when is another attempt made?                                 ``jobs/retry.py``
when does the cursor move?                                    ``road/pull/slice.py`` (``finish``), ``remote/delta.py``
why was nothing removed?                                      ``road/pull/unseen.py`` (``is_believable``)
why was nothing removed there?                                ``road/push/brake.py``
why did it ask before it made tags?                           ``road/pull/brake.py``
which of two with the same id counts?                         ``road/pull/twice.py``
what is told to who asks for changes?                         ``road/push/feed.py``, ``models/bridge_feed.py``
who may call a webhook, and what does a call say?             ``remote/webhooks.py``; ``models/bridge_delivery.py``
how is a webhook answered fast, and by whom too often?        ``connect/door.py``, ``versions.py``, ``callers.py``
what becomes of a webhook delivery?                           ``road/pull/delivered.py``, ``models/bridge_route.py``
how is a webhook registered there?                            ``remote/registration.py``
does a side keep what it was given?                           ``road/pull/kept.py``, ``road/push/journal.py``
what of a list is asked for one by one, or in pieces?         ``road/pull/detail.py``, ``pieces.py``
which chosen records are as the preview has shown?            ``road/chosen.py``
whose values stand, because a person says so?                 ``wizards/bridge_anew.py``, ``road/pull/plan.py``
what is asked of the remote before a change is sent?          ``road/push/look.py``
what comes first?                                             ``road/waves.py``, of flows ``road/order.py``
who may act as whom?                                          ``acting.py``; ``models/bridge_approval.py``
which states has a binding, and who changes them?             ``models/bridge_binding.py``
which job is next?                                            ``jobs/claim.py``
what changed in Odoo?                                         ``capture.py``, ``models/bridge_change.py``
what is proposed of a document or an answer?                  ``assistant/openapi.py``, ``assistant/sample.py``
how does a system want to be signed in to?                    ``assistant/challenge.py``
does Odoo compute what the other system says?                 ``road/pull/apply.py`` (``_check``)
what can another addon override?                              ``models/bridge_flow.py``, "Hooks for other addons"
============================================================  =====================================================

What travels is a small tuple that nobody changes: *facts* (all that is known of a record), a *step* (what is to be done
with it, and why), on the way out a *receipt* (what the other system answered), and an *outcome* (what became of it).
They hold ids and plain values, never records, because they outlive commits, rollbacks and threads.

A step may be done again, because a transaction that lost is; so it changes nothing that it was given.
"""
