"""Packages are made by a job and kept: a nation has 250,000 rows of schools, too many for a request."""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path

from django import db
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from evaluation.event_words import kind_label
from evaluation.events import record_event
from evaluation.models import FEWEST_PUPILS, Event, OpenDataPackage, Standard
from evaluation.open_data import documents
from evaluation.open_data.package import TableFile, describe, pack, write_files
from evaluation.open_data.rows import (
    NotAsPublished,
    certificates_of_year,
    rows_of_corrections,
    rows_of_counties,
    rows_of_results,
)
from evaluation.open_data.tables import FORMAT, OpenTable, tables_of
from evaluation.published import PUBLIC_STEPS, fewest_pupils_by_province, public_events, published_certificates
from evaluation.standards import parsed_standard
from evaluation.workflow import Step
from indicators.actions import store_file
from schools.models import Division

logger = logging.getLogger(__name__)

KIND = "open_data"
#: A year gets one version a day at most, however much is published on it.
_PAUSE = datetime.timedelta(hours=20)
#: What was published meanwhile makes a package begin anew; after so many beginnings the next round has to do.
_MOST_BEGINNINGS = 3


class PublishedMeanwhile(Exception):
    """Something was published while a package was made."""


def years_published() -> list[int]:
    """The school years of which something was published, the newest first."""
    found = published_certificates().order_by().values_list("evaluation__school_year", flat=True).distinct()
    return sorted(found, reverse=True)


def build_due() -> int:
    """Make the packages of all years whose published state is another than that of their newest package; returns how
    many. One that cannot be made is logged and keeps no other back."""
    made = 0
    for year in years_published():
        newest = OpenDataPackage.objects.filter(school_year=year).first()
        if newest is not None and newest.built_at > timezone.now() - _PAUSE:
            continue
        try:
            package = build_open_data(year)
        except (NotAsPublished, PublishedMeanwhile) as error:
            logger.error("no open data of %s was made: %s", year, error)
            continue
        except db.Error:
            raise
        except Exception:
            # A row that cannot be read, a licence that is not there: somebody has to look, the other years go on.
            logger.exception("no open data of %s was made", year)
            continue
        made += package is not None and package != newest
    return made


def build_open_data(year: int) -> OpenDataPackage | None:
    """The package of what is published of a school year now, made where the newest is of another state; None where
    nothing was published. Raises NotAsPublished where a stored row was changed, PublishedMeanwhile where it never
    comes to rest."""
    for _ in range(_MOST_BEGINNINGS):
        fingerprint, as_of = _state_of(year)
        if as_of is None:
            return None
        newest = OpenDataPackage.objects.filter(school_year=year).first()
        # An older package of the same state does not do: what lies between may show more than is shown today.
        if newest is not None and newest.fingerprint == fingerprint:
            return newest
        version = newest.version + 1 if newest is not None else 1
        with tempfile.TemporaryDirectory(prefix="open-data-") as place:
            content, rows = _build(Path(place), year, version, fingerprint, as_of)
        if _state_of(year)[0] == fingerprint:
            try:
                return _keep(year, version, fingerprint, as_of, content, rows)
            except IntegrityError:
                # Somebody else made it, or another version, at the same moment.
                continue
    raise PublishedMeanwhile(f"{year} 学年的结果正在公布，过一会儿再生成。")


def _keep(
    year: int, version: int, fingerprint: str, as_of: datetime.datetime, content: bytes, rows: dict[str, int]
) -> OpenDataPackage:
    with transaction.atomic():
        package = OpenDataPackage.objects.create(
            school_year=year, version=version, fingerprint=fingerprint, as_of=as_of, file=store_file(content), rows=rows
        )
        # Nobody's act; but whoever has the file can find its hash in the chain.
        told = {"what": f"{year}—{year + 1}学年开放数据第 {version} 版", "sha256": package.file_id}
        record_event(KIND, None, payload=told)
    return package


def _state_of(year: int) -> tuple[str, datetime.datetime | None]:
    """A hash of everything a package is made from, and when it last changed; None where nothing was published."""
    last = public_events().filter(evaluation__school_year=year).first()
    told = {
        "format": FORMAT,
        "certificates": certificates_of_year(year),
        "event": last.number if last is not None else 0,
        "fewest_pupils": sorted(fewest_pupils_by_province().items()),
        "divisions": list(Division.objects.order_by("pk").values_list("pk", "name", "parent")),
        "licence": hashlib.sha256(licence()).hexdigest(),
        "site": settings.SITE_URL,
    }
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    newest = published_certificates().filter(evaluation__school_year=year).aggregate(at=Max("issued_at"))["at"]
    changed = [at for at in (last.at if last is not None else None, newest) if at is not None]
    return hashlib.sha256(text.encode()).hexdigest(), max(changed) if newest is not None else None


def licence() -> bytes:
    """The text of the licence: the portal's own, or what the settings name instead."""
    return Path(settings.OPEN_DATA_LICENCE).read_bytes()


def tables_of_year(year: int) -> dict[str, OpenTable]:
    """The tables of a package, with the columns of the standards of the year."""
    used = published_certificates().filter(evaluation__school_year=year).order_by().values("evaluation__standard")
    standards = [parsed_standard(row) for row in Standard.objects.filter(pk__in=used).order_by("pk")]
    kinds = [kind_label(kind) for kind in PUBLIC_STEPS if kind != Step.PUBLISH]
    return dict(tables_of(standards, kinds))


def _build(
    place: Path, year: int, version: int, fingerprint: str, as_of: datetime.datetime
) -> tuple[bytes, dict[str, int]]:
    """The bytes of a package and how many rows its tables have."""
    folder, target, at = place / "files", place / "package.zip", timezone.localtime(as_of)
    folder.mkdir()
    tables = tables_of_year(year)
    rows = _write_tables(folder, year, tables)
    address = f"{settings.SITE_URL}{reverse('open_data_file', args=[year, version])}"
    write_files(
        folder,
        {
            **{f"schema/{table.name}.schema.json": documents.json_bytes(table.schema()) for table in tables.values()},
            "数据字典.md": documents.dictionary_markdown(tables.values()),
            "数据字典.csv": documents.dictionary_csv(tables.values()),
            "LICENCE.txt": licence(),
            "README.md": documents.readme(
                year, version, f"{at:%Y-%m-%d %H:%M}", address, tables.values(), _fewest_words()
            ),
        },
    )
    described = describe(folder, [table.filename for table in tables.values()])
    manifest = {
        "format": FORMAT,
        "address": address,
        "school_year": f"{year}—{year + 1}",
        "version": version,
        "as_of": at.isoformat(timespec="seconds"),
        "published_state_sha256": fingerprint,
        "last_event": _last_event(year),
        "files": [told | {"rows": rows[told["name"].removesuffix(".csv")]} for told in described],
        "certificates": [
            {"code": code, "record_sha256": sha256, "state": state}
            for code, sha256, state in certificates_of_year(year)
        ],
    }
    write_files(folder, {"manifest.json": documents.json_bytes(manifest)})
    pack(folder, target, at)
    return target.read_bytes(), rows


def _write_tables(folder: Path, year: int, tables: dict[str, OpenTable]) -> dict[str, int]:
    codes = [field.name for field in tables["schools"].fields if field.kind == "number"]
    with ExitStack() as open_files:
        files = {name: open_files.enter_context(TableFile(folder, table)) for name, table in tables.items()}
        for name, row in rows_of_results(year, codes):
            files[name].write(row)
        for row in rows_of_corrections(year):
            files["corrections"].write(row)
        for row in rows_of_counties(year):
            files["counties"].write(row)
    return {name: file.rows for name, file in files.items()}


def _last_event(year: int) -> dict[str, object]:
    last: Event | None = public_events().filter(evaluation__school_year=year).first()
    return {} if last is None else {"number": last.number, "sha256": last.sha256}


def _fewest_words() -> str:
    names = dict(Division.objects.filter(parent=None).values_list("pk", "name"))
    own = [f"{names.get(code, code)} {fewest} 人" for code, fewest in sorted(fewest_pupils_by_province().items())]
    return f"{'，'.join([*own, f'其他省 {FEWEST_PUPILS} 人' if own else f'各省 {FEWEST_PUPILS} 人'])}。"
