"""What a user would do instead, for ``nation.py`` to measure against: pandas over the tables, and an office program."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

#: Per stage, what each of the three indicators is added up from that no other stage shares.
OWN = {
    "primary": (("associate", "bachelor", "master", "doctor"), ("backbone",), ("pe", "music", "fine_art", "arts")),
    "junior": (("bachelor", "master", "doctor"), ("backbone",), ("pe", "music", "fine_art", "arts")),
}
#: The share of a stage in what is shared, per pupil.
WEIGHT = {"primary": 1.0, "junior": 1.1}


def with_pandas(year: int) -> object:
    """The county figures with a table in hand: read_sql, groupby, to_sql."""
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg2://", 1))
    rows = pd.read_sql(
        f"SELECT r.*, s.county_id FROM indicators_schoolrecord r JOIN indicators_submission s"  # noqa: S608
        f" ON s.id = r.submission_id WHERE s.school_year = {year}",
        engine,
    )
    limits = {"primary": (4.2, 1, 0.9, 4.5, 7.5, 2000, 2.3), "junior": (5.3, 1, 0.9, 5.8, 10.2, 2500, 2.4)}
    factors = (100, 100, 100, 1e-6, 1e-6, 1e-2, 100)
    split = rows["primary_enrollment"].fillna(0) + 1.1 * rows["junior_enrollment"].fillna(0)
    split += 1.32 * rows["senior_enrollment"].fillna(0)
    pupils = rows["primary_enrollment"].fillna(0) + rows["junior_enrollment"].fillna(0)
    is_too_small = (rows["school_type"] == "teaching_point") & (pupils < 50)

    def of_county(county: pd.DataFrame) -> pd.Series:
        found: dict[str, object] = {}
        for stage, own in OWN.items():
            here = county[(county[f"{stage}_enrollment"] > 0) & ~is_too_small.loc[county.index]]
            p = here[f"{stage}_enrollment"]
            share = WEIGHT[stage] * p / split.loc[here.index]
            amounts = [here[[f"{stage}_{key}_teachers" for key in keys]].sum(axis=1, skipna=False) for keys in own]
            area, indoor = here["teaching_area"], here["indoor_sports_area"]
            amounts += [(area - indoor) * share, (indoor + here["sports_ground_area"]) * share]
            amounts += [here["equipment_value"] * share, here["multimedia_rooms"] * share]
            attained = pd.Series(0, index=here.index)
            for number, amount in enumerate(amounts):
                value = amount * factors[number] / p
                mean = (value * p).sum(skipna=False) / p.sum()
                deviation = (((value - mean) ** 2 * p).sum(skipna=False) / p.sum()) ** 0.5
                found[f"{stage}_L{number + 1}"] = deviation / mean
                attained += value >= limits[stage][number]
            found[f"{stage}_passed"] = bool((attained >= 6).all())
        found["G5"] = int((county["primary_largest_class"] > 45).sum() + (county["junior_largest_class"] > 50).sum())
        found["Q4"] = int((county["training_budget"] / county["funds_budget"] < 0.05).sum())
        found["Q1"] = county["graduates"].sum() / county["entrants_three_years_ago"].sum()
        return pd.Series(found)

    result = rows.groupby("county_id").apply(of_county, include_groups=False)
    result.reset_index().melt("county_id").astype({"value": float}).to_sql(
        "benchmark_pandas", engine, if_exists="replace", index=False
    )
    engine.dispose()
    return result


def check_pandas_found_the_same(result: object) -> None:
    """The coefficients of a user's table are those of the run, wherever both could compute them."""
    from evaluation.models import RunFinding

    rows = RunFinding.objects.exclude(stage="").exclude(value=None)
    compared = 0
    for county, code, stage, value in rows.values_list("verdict__submission__county", "code", "stage", "value"):
        theirs = result.loc[county, f"{stage.lower()}_{code}"]  # type: ignore[attr-defined]
        if theirs == theirs:
            assert abs(theirs - value) < 1e-9, (county, code, stage, theirs, value)
            compared += 1
    assert compared > 30_000, compared


def recalculate(folder: str, paths: list[Path]) -> None:
    from python_calamine import CalamineWorkbook

    from indicators.workbook.trial_sheet import TRIAL_SHEET

    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "ods",
         "--outdir", f"{folder}/out", *map(str, paths)],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    for path in paths:
        sheet = CalamineWorkbook.from_path(Path(folder) / "out" / f"{path.stem}.ods").get_sheet_by_name(TRIAL_SHEET)
        coefficients = [row for row in sheet.to_python() if "差异系数" in row]
        assert sum(isinstance(cell, float) for cell in coefficients[0]) >= 12, "the formulas were not computed"
