"""What an export may have lost before it arrived here, by code."""

LOSSES = {
    "aggregate_only": "only aggregates were published; single judgments are gone",
    "ids_item_scoped": "annotator ids hold within an item only",
    "no_ids": "nothing says who judged",
    "accounts_deleted": "where an account was deleted nothing says who judged; each such act is by an unknown annotator"
    " of its own",
    "answers_deleted": "with an account that was deleted its answers are gone",
    "act_ids_dropped": "the tool's own ids of acts were left out",
    "times_dropped": "when judgments were given was left out",
    "cancelled_dropped": "skipped or cancelled judgments were left out of the export",
    "unanswered_dropped": "of acts that were not submitted only what was answered is there; of a blank one nothing",
    "status_dropped": "drafts and discarded answers cannot be told from submitted ones",
    "unconfirmed_dropped": "answers that were given and not confirmed were left out",
    "repeats_merged": "several answers by one person to one question of an item were merged into one",
    "marks_dropped": "marks on judgments, such as that one is the gold answer, were left out",
    "items_dropped": "items of which every judgment was left out are gone, too",
    "regions_unlinked": "ids of marked regions were left out, so that relations between them are gone",
    "tie_randomised": "ties were broken at random",
    "ties_dropped": "of rankings only an order was kept; which options tied is gone",
    "silent_nonresponse": "an empty answer cannot be told from an item that was never seen",
    "empty_dropped": "an empty answer, such as an empty text or nothing marked, cannot be told from none",
    "texts_trimmed": "texts lost the white space around them",
    "texts_sorted": "several texts given at once were sorted; in which order they were given is gone",
    "texts_ambiguous": "several texts given at once cannot be told from one text that is their JSON",
    "edits_overwritten": "only the last version of an edited answer was kept",
    "filtered_upstream": "judgments or annotators were removed before publication",
    "order_unknown": "the order of presentation was not kept",
}
"""Loss codes: what an export had lost before it arrived here."""
