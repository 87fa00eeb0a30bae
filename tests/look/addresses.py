"""Which pages are looked at, from the table of tests/permissions: each as somebody who sees it, where they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.permissions.askers import Answer, Asker
from tests.permissions.row import Row
from tests.permissions.table import ROWS
from tests.permissions.world import CASES, World

A = Asker
#: Who looks first: whoever works with most of the page.
_FIRST = (A.CLERK, A.SIGNER, A.CITY, A.INSPECTOR, A.CHIEF, A.STEWARD, A.SUPERUSER, A.PUBLIC)
#: Pages with a face for each party, or for each state: looked at by party, each in a state of its own.
MANY_FACES = {
    "evaluation": (
        ("returned", A.CLERK), ("city_review", A.SIGNER), ("city_review", A.CITY), ("province_review", A.INSPECTOR),
        ("notice_over", A.CHIEF), ("superseded", A.CLERK),
    ),
    "workspace": (("trial", A.CLERK), ("city_review", A.CITY)),
    "desk": (("city_review", A.CITY), ("city_review", A.CHIEF)),
    "proposal": (
        ("province_review", A.INSPECTOR), ("proposed", A.SIGNER), ("proposed", A.INSPECTOR), ("ripe", A.CHIEF),
    ),
    "objections": (("notice", A.CHIEF), ("notice", A.CLERK)),
    "decisions": (("province_review", A.INSPECTOR), ("province_review", A.CHIEF), ("published", A.CLERK)),
    "county": (("trial", A.PUBLIC), ("published", A.PUBLIC), ("superseded", A.PUBLIC)),
    "result": (("published", A.PUBLIC), ("revoked", A.PUBLIC), ("superseded", A.PUBLIC)),
    "certificate": (("published", A.PUBLIC), ("revoked", A.PUBLIC), ("superseded", A.PUBLIC)),
    "signing": (("trial", A.SIGNER), ("returned", A.SIGNER)),
    "home": (("city_review", A.PUBLIC), ("city_review", A.CLERK)),
    "login": (("city_review", A.PUBLIC),),
    "invitation": (("city_review", A.PUBLIC),),
    "notice": (("notice", A.PUBLIC), ("notice_over", A.PUBLIC)),
}  # fmt: skip
#: Addresses that answer with a file, with a part of a page, or lead on to another one.
NO_PAGES = frozenset({
    # Answers for programs.
    "api_account", "api_annotated", "api_corrections", "api_counties", "api_county", "api_document",
    "api_index", "api_job", "api_notice", "api_notices", "api_problems", "api_province", "api_provinces", "api_result",
    "api_result_changes", "api_result_school", "api_result_schools", "api_result_similar", "api_results",
    "api_standard", "api_standards", "api_submission", "api_submissions", "api_verdict",
    "certificate_print", "certificate_record", "checklist_task", "coefficient_export",
    "compare_tables", "open_data_file", "open_data_tables",
    "comparison_export", "corrections_tables", "country_feed", "country_tables", "county_feed", "county_tables",
    "document_file", "document_published", "document_template", "documents_archive", "documents_progress",
    "evaluation_publish", "events_export", "evidence_attach", "evidence_file", "item_judge", "laboratory_export",
    "monitoring_supply", "national_run_export", "national_run_progress", "notice_tables", "notices_tables",
    "objection_answer", "objection_file", "partial_file", "partial_progress", "proposal_decide", "proposal_finish",
    "proposal_propose", "proposal_reply", "province_tables", "radar_export", "relaxation_file", "relaxation_grant",
    "relaxation_withdraw", "reply_answer", "reply_file", "result_changes", "result_changes_tables", "result_export",
    "result_school_tables", "result_similar_tables", "result_tables", "rules_tables", "search_tables",
    "second_factor_code", "signing_submit", "standard_document", "standard_tables", "submission_annotated",
    "submission_export", "submission_file", "submission_problems", "submission_progress", "submission_standard",
    "submission_tables_export", "supplied_file", "survey_supply", "template_download",
})  # fmt: skip


@dataclass(frozen=True)
class Look:
    """One page on the screen of one person."""

    row: Row
    key: str
    asker: Asker

    def __str__(self) -> str:
        return f"{self.row} · {self.key} · {self.asker.value}"


def looks(world: World, first: tuple[Asker, ...] = _FIRST) -> Iterator[Look]:
    """Every page the table lets somebody see, each route once, but for those of many faces."""
    begun: set[str] = set()
    for row in ROWS:
        if row.get is None or row.route in begun:
            continue
        seen = [
            (key, asker)
            for key in CASES
            if key in row.cases and row.of(world, world.cases[key]) is not None
            for asker in first
            if asker in row.askers and row.get(key)[asker] is Answer.SEEN
        ]
        wanted = [each for each in MANY_FACES.get(row.route, ()) if each in seen]
        for key, asker in wanted or seen[:1]:
            begun.add(row.route)
            yield Look(row, key, asker)
