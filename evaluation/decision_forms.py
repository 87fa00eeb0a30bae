"""Forms of what the province decides about a county: they say what is missing or misspelt; the actions decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from evaluation.core.items import SURVEY_FIGURES
from evaluation.core.standard import Criterion, Standard
from evaluation.evidence_forms import date_field, small_enough
from evaluation.models import RelaxationGrant, SuppliedResult
from indicators.catalogue import COUNTY_ITEM_BY_CODE, GRADES
from indicators.evidence_files import ACCEPT
from schools.models import County, School

#: What the figures of the survey are called, in the order of the official table.
SURVEY_WORDS = {
    "issued": "发放问卷",
    "valid": "有效问卷",
    "satisfied": "满意问卷",
    "visited": "实地走访人数",
    "visited_satisfied": "走访满意人数",
}
_MOST_PEOPLE = 10_000_000
_LONGEST_OPINION = 2_000
_FILE_HINT = "PDF、Word（.docx）、Excel（.xlsx）、JPEG 或 PNG，不超过 20 MB；不能含宏、脚本和内嵌程序。"


def _line(label: str, longest: int, missing: str, hint: str = "", **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=longest,
        error_messages={
            "required": missing,
            "max_length": f"{label}最多 {longest} 个字，现在有 %(show_value)d 个。",
            "null_characters_not_allowed": f"{label}里有看不见的字符，请删除后重新填写。",
        },
        **more,
    )


def _words(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class _WithFile(forms.Form):
    """A form with a file that is small enough to be read into memory."""

    def clean_file(self) -> UploadedFile | None:
        file = self.cleaned_data.get("file")
        return small_enough(file) if file else None

    def _file(self) -> tuple[str, bytes] | None:
        file = self.cleaned_data.get("file")
        return (file.name, file.read()) if file else None


class _SuppliedForm(_WithFile):
    """The document a result comes from, with the file where there is one."""

    document = _line(
        "依据文件",
        SuppliedResult._meta.get_field("document").max_length or 0,
        "请写明结果出自哪份文件。",
        "文件的名称和文号。",
    )
    issued_on = date_field("发文日期", "文件上的日期，不能晚于今天。", "请填写发文日期。")
    file = forms.FileField(
        label="文件",
        required=False,
        help_text=_FILE_HINT,
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        error_messages={"empty": "这个文件是空的，请确认选对了文件。"},
    )

    def about(self) -> Iterator[forms.BoundField]:
        """The fields about the document."""
        return (self[name] for name in ("document", "issued_on", "file"))


class SurveyForm(_SuppliedForm):
    """The survey of social recognition: everybody asked, and the parents among them."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name in SURVEY_FIGURES:
            whose = "家长" if name.startswith("parents_") else "全部"
            label = f"{whose}{SURVEY_WORDS[name.removeprefix('parents_')]}"
            self.fields[name] = forms.IntegerField(
                label=label,
                required=False,
                min_value=0,
                max_value=_MOST_PEOPLE,
                error_messages={
                    "invalid": f"{label}应为整数，只填数字。",
                    "min_value": f"{label}不能是负数。",
                    "max_value": f"{label}太大，请核对是否多输了位数。",
                },
            )

    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The cells of the table: everybody, and the parents."""
        return [
            ("计", [self[name] for name in SURVEY_WORDS]),
            ("其中：家长", [self[f"parents_{name}"] for name in SURVEY_WORDS]),
        ]

    def heads(self) -> list[str]:
        """What stands above the cells."""
        return list(SURVEY_WORDS.values())

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        told = self.cleaned_data
        figures = {name: told[name] for name in SURVEY_FIGURES if told.get(name) is not None}
        return {
            "figures": figures,
            "document": told["document"],
            "issued_on": told["issued_on"],
            "file": self._file(),
        }


class MonitoringForm(_SuppliedForm):
    """The State's monitoring: a grade and a difference between schools for each subject."""

    def __init__(self, criterion: Criterion, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.grades, self.differences = (criterion.parameters[name].split(",") for name in ("grades", "differences"))
        for code in self.grades:
            label = COUNTY_ITEM_BY_CODE[code].name
            self.fields[code] = forms.TypedChoiceField(
                label=label,
                coerce=int,
                choices=[("", "请选择"), *((str(i), grade) for i, grade in enumerate(GRADES, 1))],
                error_messages={"required": f"请选择{label}。", "invalid_choice": f"{label}应为Ⅰ至Ⅴ。"},
            )
        for code in self.differences:
            label = COUNTY_ITEM_BY_CODE[code].name
            self.fields[code] = forms.DecimalField(
                label=label,
                min_value=0,
                max_value=COUNTY_ITEM_BY_CODE[code].greatest,
                decimal_places=6,
                error_messages={
                    "required": f"请填写{label}。",
                    "invalid": f"{label}应为小数，例如 0.12。",
                    "min_value": f"{label}不能是负数。",
                    "max_value": f"{label}应为小数，例如 12% 填 0.12。",
                    "max_decimal_places": f"{label}最多六位小数。",
                },
                widget=forms.NumberInput(attrs={"step": "any"}),
            )

    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        """Subject, grade, difference."""
        subjects = (COUNTY_ITEM_BY_CODE[code].name.partition("：")[2] for code in self.grades)
        pairs = zip(self.grades, self.differences, strict=True)
        return [(subject, self[g], self[d]) for subject, (g, d) in zip(subjects, pairs, strict=True)]

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        told = self.cleaned_data
        return {
            "results": {code: told[code] for code in (*self.grades, *self.differences)},
            "document": told["document"],
            "issued_on": told["issued_on"],
            "file": self._file(),
        }


class ItemForm(forms.Form):
    """What an inspector found of an item; of a veto the question is whether it stands."""

    opinion = _line(
        "评定意见",
        _LONGEST_OPINION,
        "请写明评定意见：看了哪些材料、依据是什么。",
        "看了哪些材料、依据是什么。",
        widget=_words(3),
    )

    def __init__(self, criterion: Criterion, *args: Any, **more: Any) -> None:
        super().__init__(*args, prefix=f"item-{criterion.code}", **more)
        self.fields["is_met"] = forms.TypedChoiceField(
            label="评定",
            coerce=lambda text: text == "yes",
            choices=[("yes", judged_words(criterion, True)), ("no", judged_words(criterion, False))],
            widget=forms.RadioSelect,
            error_messages={"required": "请选择评定结果。", "invalid_choice": "请选择评定结果。"},
        )

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        return {"is_met": self.cleaned_data["is_met"], "opinion": self.cleaned_data["opinion"]}


def judged_words(criterion: Criterion, is_met: bool) -> str:
    """A judgement in words: a veto is met where what it forbids is not there."""
    if criterion.group == "veto":
        return "不存在" if is_met else "存在"
    return "达标" if is_met else "不达标"


class GrantForm(_WithFile):
    """A relaxation for one school: until when, why, and the evidence."""

    school = _line(
        "学校",
        120,
        "请选择学校。",
        "输入校名或 10 位学校标识码，从列出的学校中选择。",
        widget=forms.TextInput(attrs={"list": "open-schools", "autocomplete": "off"}),
    )
    relaxation = forms.ChoiceField(
        label="过渡规定",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择过渡规定。", "invalid_choice": "请从列出的过渡规定中选择。"},
    )
    valid_from = date_field("起始日期", "从这一天起使用，含当天。", "请填写起始日期。")
    valid_until = date_field("截止日期", "用到这一天，含当天；过期后重新核算时不再使用。", "请填写截止日期。")
    reason = _line(
        "理由",
        RelaxationGrant._meta.get_field("reason").max_length or 0,
        "请写明授予的理由。",
        "依据什么事实、文件或规划。",
        widget=_words(3),
    )
    file = forms.FileField(
        label="依据材料",
        help_text=_FILE_HINT,
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        error_messages={
            "required": "请选择依据材料的文件。",
            "empty": "这个文件是空的，请确认选对了文件。",
        },
    )

    def __init__(self, county: County, standard: Standard, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._county = county
        self.fields["relaxation"].choices = [  # type: ignore[attr-defined]
            (relaxation.code, f"{relaxation.code}（用于 {relaxation.criterion}）{relaxation.words}")
            for relaxation in standard.relaxations
        ]

    def clean_school(self) -> School:
        """The open school of the county whose code or whole name was typed."""
        typed = self.cleaned_data["school"].strip()
        found = _named(typed, School.objects.filter(county=self._county, closed_on=None))
        if len(found) != 1:
            words = f"“{typed}”不是本县在办的学校" if not found else f"有 {len(found)} 所学校叫“{typed}”"
            raise forms.ValidationError(f"{words}，请输入 10 位学校标识码或从列出的学校中选择。")
        return found[0]

    def plain(self) -> Iterator[forms.BoundField]:
        """The fields besides the choice of the relaxation."""
        return (self[name] for name in ("school", "valid_from", "valid_until", "reason", "file"))

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        told = self.cleaned_data
        plain = {name: told[name] for name in ("school", "relaxation", "valid_from", "valid_until", "reason")}
        return plain | {"file": self._file()}


def _named(typed: str, schools: Iterable[School]) -> list[School]:
    return [each for each in schools if typed in (each.code, each.name, listed_as(each))]


def listed_as(school: School) -> str:
    """A school as the list of suggestions shows it."""
    return f"{school.code} {school.name}"


class WithdrawForm(forms.Form):
    """Why a granted relaxation is withdrawn."""

    because = _line(
        "撤回理由",
        RelaxationGrant._meta.get_field("withdrawn_because").max_length or 0,
        "请写明撤回的理由。",
    )

    def arguments(self) -> dict[str, Any]:
        """What the action takes."""
        return {"because": self.cleaned_data["because"]}
