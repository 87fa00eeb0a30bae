"""The register: divisions, counties, schools and the people who act for them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from knox.models import AbstractAuthToken

from schools.vocabulary import DivisionLevel, Party, SchoolType, SponsorType, UrbanRural


def choices_of(
    words: type[SchoolType] | type[SponsorType] | type[UrbanRural] | type[DivisionLevel] | type[Party],
) -> list:
    """A vocabulary as Django's choices: stored value, Chinese label."""
    return [(member.value, member.label) for member in words]


class Division(models.Model):
    """A province, a city or a county unit, by its six-digit code."""

    code = models.CharField("区划代码", max_length=6, primary_key=True)
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=choices_of(DivisionLevel))
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )

    class Meta:
        verbose_name = verbose_name_plural = "行政区划"
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{6}$"), name="division_code_is_six_digits"),
            models.CheckConstraint(
                condition=Q(level="province", parent=None) | (~Q(level="province") & Q(parent__isnull=False)),
                name="division_parent_fits_level",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def full_name(self) -> str:
        """Province, city and county in one; county names alone are not unique."""
        names = [self.name]
        above = self.parent
        while above is not None:
            names.append(above.name)
            above = above.parent
        return "".join(reversed(names))


#: The third and fourth digit of a collective that has no authority of its own.
_DIRECTLY_ADMINISTERED = "90"


class CountyManager(models.Manager["County"]):
    def get_queryset(self) -> models.QuerySet[County]:
        return super().get_queryset().filter(level=DivisionLevel.COUNTY)


class County(Division):
    """A county unit: what is evaluated."""

    objects = CountyManager()

    class Meta:
        proxy = True
        verbose_name = verbose_name_plural = "县（市、区）"

    @property
    def is_directly_under_province(self) -> bool:
        """Whether no city stands between: a prefecture city without counties, a county unit of the collective
        省直辖县级行政区划 (90 in the code above it, GB/T 2260), a district of a municipality, whose city is the
        province itself."""
        above = self.parent
        if above is None or above.level == DivisionLevel.PROVINCE:
            return True
        return above.code[2:4] == _DIRECTLY_ADMINISTERED or (
            above.parent is not None and above.name == above.parent.name
        )


class School(models.Model):
    """A school in the register, by its 学校标识码. A closed school stays, with its closing date."""

    code = models.CharField("学校标识码", max_length=10, primary_key=True)
    name = models.CharField("学校名称", max_length=100)
    county = models.ForeignKey(County, models.PROTECT, related_name="schools", verbose_name="所在县")
    school_type = models.CharField("办学类型", max_length=20, choices=choices_of(SchoolType))
    sponsor_type = models.PositiveSmallIntegerField("举办者类型", choices=choices_of(SponsorType))
    urban_rural = models.CharField("城乡类型", max_length=10, choices=choices_of(UrbanRural))
    opened_on = models.DateField("开办日期", null=True, blank=True)
    closed_on = models.DateField("停办日期", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "学校"
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{10}$"), name="school_code_is_ten_digits"),
        ]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """An official: one person, one party, one place. A superuser without a party tends the site alone."""

    party = models.CharField("身份", max_length=20, choices=choices_of(Party), blank=True)
    place = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="officials", verbose_name="所属地区"
    )
    full_name = models.CharField("姓名", max_length=40, blank=True)

    class Meta(AbstractUser.Meta):
        verbose_name = verbose_name_plural = "人员"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(party="", place=None) | (~Q(party="") & Q(place__isnull=False)),
                name="user_party_and_place_go_together",
            ),
            # Who tends the site or the accounts takes no step of any evaluation.
            models.CheckConstraint(
                condition=Q(is_superuser=False) | Q(party__in=["", Party.STEWARD.value]),
                name="user_superuser_is_no_party_of_an_evaluation",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.username


class Posting(models.Model):
    """A post somebody holds or held: party and place, from when until when. What a person may see follows the open
    one; the closed ones stay, for recusal and for whoever reads old events."""

    person = models.ForeignKey(User, models.PROTECT, related_name="postings", verbose_name="人员")
    party = models.CharField("身份", max_length=20, choices=choices_of(Party))
    place = models.ForeignKey(Division, models.PROTECT, related_name="postings", verbose_name="所属地区")
    held_from = models.DateTimeField("起", default=timezone.now)
    held_until = models.DateTimeField("止", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "任职"
        ordering: ClassVar = ["person", "-held_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person"], condition=Q(held_until=None), name="posting_is_held_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_party_display()}"


class Invitation(models.Model):
    """An invitation to open an account, or to take a post over from somebody: a link that works once, for a time. Only
    the hash of its token is kept."""

    token_sha256 = models.CharField(max_length=64, unique=True)
    email = models.EmailField("邮箱", blank=True)
    full_name = models.CharField("姓名", max_length=40)
    party = models.CharField("身份", max_length=20, choices=choices_of(Party))
    place = models.ForeignKey(Division, models.PROTECT, related_name="invitations", verbose_name="所属地区")
    takes_over_from = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField("有效期至")
    accepted_by = models.OneToOneField(User, models.PROTECT, null=True, related_name="invitation")
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "邀请"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at=None),
                name="invitation_is_accepted_whole_and_not_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.full_name} {self.get_party_display()}"


class ApiToken(AbstractAuthToken):
    """What a program brings instead of a person's password: only its hash is kept. It is of one post and one password:
    when either ends, so does the token. ``is_verified``: made in a session that had given the second factor."""

    name = models.CharField("用途", max_length=40)
    posting = models.ForeignKey(Posting, models.PROTECT, related_name="tokens")
    seal = models.CharField(max_length=64, help_text="密码更换后与账号不再相符")
    is_verified = models.BooleanField(default=False)
    last_used_on = models.DateField("最近使用", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "接口令牌"
        ordering: ClassVar = ["-created", "digest"]

    def __str__(self) -> str:
        return self.name
