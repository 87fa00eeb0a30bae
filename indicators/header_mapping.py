"""What a county has said about headers the portal does not know: the only writer of the mappings, and their reads.

A mapping is remembered: it holds for every later upload of the county, and for no other county.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from indicators.actions import FILE_RULES, is_cleared
from indicators.catalogue import ALL_FIELDS, FIELD_BY_KEY, Field
from indicators.models import HeaderMapping, Submission
from indicators.workbook.aliases import known_aliases
from indicators.workbook.headers import Alias, Aliases, plain_form, samples_in, unit_against
from schools.models import County, User
from schools.vocabulary import Party

FORM = "本县对应表"
UNKNOWN_RULE = "header.unknown"
_OWN_HEADERS = frozenset(plain_form(field.header) for field in ALL_FIELDS)
_LONGEST_HEADER = 200
#: How alike a header and a field must be (0 to 1) for the field to be proposed first, and how many are.
_ALIKE, _MOST_PROPOSED = 0.5, 3


class MappingRefused(ValueError):
    """Mappings cannot be taken in like this, or not from this person; the message says why, and nothing was saved."""


@dataclass(frozen=True, slots=True)
class UnknownHeader:
    """A header of a version that was not read: where it stands, some values below it, what the county has said about it
    before (None where nothing), and the fields whose names are like it. ``elsewhere`` is the field it was mapped to
    before, where this version has that column under another header."""

    plain: str
    header: str
    cell: str
    samples: str
    remembered: HeaderMapping | None
    alike: tuple[Field, ...] = ()
    elsewhere: Field | None = None


def can_see_headers(user: Any, county_code: str) -> bool:
    """The headers of a county's uploads belong to its own desk, like its trial data."""
    return isinstance(user, User) and user.party in (Party.CLERK, Party.SIGNER) and user.place_id == county_code


def why_not_map(user: Any, county_code: str) -> str:
    """Empty if ``user`` may say how a county's headers are read, otherwise the reason in words."""
    if not can_see_headers(user, county_code):
        return "只有本县的填报员可以设置表头的对应关系。"
    if user.party != Party.CLERK:
        return "签报人不设置表头的对应关系：请由填报员设置。"
    return ""


def aliases_for(county: County) -> Aliases:
    """The other names of headers a county's files are read with: those known everywhere, and what the county itself has
    said, which comes first. The template's own headers always mean what they say."""
    own = {
        mapping.plain: Alias(mapping.header, mapping.key, FORM)
        for mapping in HeaderMapping.objects.filter(county=county)
        if mapping.plain not in _OWN_HEADERS and (not mapping.key or mapping.key in FIELD_BY_KEY)
    }
    return MappingProxyType({**known_aliases(), **own}) if own else known_aliases()


def mappings_of(county: County) -> QuerySet[HeaderMapping]:
    """What a county has said, with who said it."""
    return HeaderMapping.objects.filter(county=county).select_related("set_by")


def newest_version(county: County) -> Submission | None:
    """The version whose headers can be mapped: the newest of the newest school year."""
    return Submission.objects.filter(county=county).order_by("-school_year", "-version").first()


def count_unknown(submission: Submission) -> int:
    """How many different headers of a version were not read."""
    told = submission.problems.filter(rule=UNKNOWN_RULE).exclude(found="").order_by()
    return len({plain_form(found) for found in told.values_list("found", flat=True)})


def unknown_headers(submission: Submission) -> tuple[UnknownHeader, ...]:
    """The headers of a version that were not read, in their order."""
    remembered = {mapping.plain: mapping for mapping in mappings_of(submission.county)}
    fields = fields_to_find(submission)
    found: dict[str, UnknownHeader] = {}
    for problem in submission.problems.filter(rule=UNKNOWN_RULE).exclude(found=""):
        plain = plain_form(problem.found)
        if plain and plain not in found:
            mapping = remembered.get(plain)
            field = None if mapping is None else FIELD_BY_KEY.get(mapping.key)
            found[plain] = UnknownHeader(
                plain,
                problem.found,
                problem.cell,
                samples_in(problem.message),
                mapping,
                _alike(plain, fields),
                None if field in fields else field,
            )
    return tuple(found.values())


def fields_to_find(submission: Submission) -> tuple[Field, ...]:
    """The fields no column of a version was read for."""
    return tuple(field for field in ALL_FIELDS if field.key not in submission.columns)


def _alike(plain: str, fields: Sequence[Field]) -> tuple[Field, ...]:
    """The fields whose headers are most like a header, the likest first; never one in another unit."""
    ratios = [
        (SequenceMatcher(None, plain, plain_form(field.header)).ratio(), field)
        for field in fields
        if not unit_against(plain, field)
    ]
    close = sorted((each for each in ratios if each[0] >= _ALIKE), key=lambda each: -each[0])
    return tuple(field for _, field in close[:_MOST_PROPOSED])


def why_not_reread(submission: Submission) -> str:
    """Empty if the file of a version can be read again with other mappings, otherwise the reason in words."""
    if submission.read_at is None:
        return "这一版还在处理，处理完成后才能重新读取。"
    if submission.problems.filter(rule__startswith=FILE_RULES).exists() or is_cleared(submission):
        return "系统没有读取这个文件，不能按新的对应重新读取。请按问题清单处理后重新上传。"
    return ""


@transaction.atomic
def save_mappings(user: User, submission: Submission, choices: Mapping[str, str | None]) -> int:
    """Remember what a person said about unknown headers of a version, by their plain form: the key of a field, empty
    for a column that is not used, None to forget what was said. Returns how many mappings changed. Raises
    MappingRefused; nothing is saved then."""
    if why_not := why_not_map(user, submission.county_id):
        raise MappingRefused(why_not)
    # Two tabs at once: the county's row is the lock, the last one wins.
    County.objects.select_for_update(no_key=True).get(pk=submission.county_id)
    newest = newest_version(submission.county)
    if newest is None or newest.pk != submission.pk:
        raise MappingRefused("已有更新的版本，表头可能不同。请按下面列出的表头重新选择。")
    headers = {each.plain: each for each in unknown_headers(submission)}
    _check_choices(submission, headers, choices)
    changed = 0
    for plain, key in choices.items():
        known = headers[plain].remembered
        if key is None:
            changed += known is not None
            HeaderMapping.objects.filter(county_id=submission.county_id, plain=plain).delete()
        elif known is None or known.key != key:
            HeaderMapping.objects.update_or_create(
                county_id=submission.county_id,
                plain=plain,
                defaults={"header": headers[plain].header, "key": key, "set_by": user},
            )
            changed += 1
    return changed


def _check_choices(
    submission: Submission, headers: Mapping[str, UnknownHeader], choices: Mapping[str, str | None]
) -> None:
    """Raise MappingRefused where what was chosen cannot be meant."""
    to_find = {field.key for field in fields_to_find(submission)}
    for plain, key in choices.items():
        if plain not in headers:
            raise MappingRefused("所选的表头不在这一版里。请刷新页面后重新选择。")
        header = headers[plain].header
        if len(plain) > _LONGEST_HEADER or len(header) > _LONGEST_HEADER:
            raise MappingRefused(f"表头“{header[:30]}…”太长，不能记住。请在文件中改短表头后重新上传。")
        known = headers[plain].remembered
        if not key or (known is not None and known.key == key):
            continue
        field = FIELD_BY_KEY.get(key)
        if field is None:
            raise MappingRefused(f"没有这个栏目，表头“{header}”的对应关系没有保存。请重新选择。")
        if key not in to_find:
            raise MappingRefused(f"这一版已经有“{field.header}”这一列，表头“{header}”不能再对应到它。")
        if unit := unit_against(header, field):
            raise MappingRefused(
                f"表头“{header}”的单位是“{unit}”，“{field.header}”的单位是“{field.unit or '无'}”，不能对应。"
                "请核对所选的栏目；栏目没有选错的，请在文件中换算数据并改正表头，再重新上传。"
            )
    for key, count in Counter(key for key in choices.values() if key).items():
        if count > 1:
            names = "、".join(f"“{headers[plain].header}”" for plain, each in choices.items() if each == key)
            raise MappingRefused(
                f"{names}都对应到了“{FIELD_BY_KEY[key].header}”。一个栏目只能对应一个表头，其余的请选“不使用”。"
            )


@transaction.atomic
def forget_mapping(user: User, mapping: HeaderMapping) -> None:
    """Forget one mapping; versions that were read with it stay as they are. Raises MappingRefused."""
    if why_not := why_not_map(user, mapping.county_id):
        raise MappingRefused(why_not)
    HeaderMapping.objects.filter(pk=mapping.pk).delete()
