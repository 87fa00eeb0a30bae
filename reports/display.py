"""How a reader wants the pages to look: larger type, high contrast. Kept in a cookie of the browser, by nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

COOKIE = "display"
#: A year: whoever needs larger type needs it next year, too.
KEPT_SECONDS = 365 * 24 * 60 * 60


class TextSize(TextChoices):
    """The words are the labels of the form, the values the ends of the classes in site.css."""

    NORMAL = "normal", "标准"
    LARGE = "large", "大（1.25 倍）"
    LARGER = "larger", "特大（1.5 倍）"


class Contrast(TextChoices):
    """Normal follows the system: light or dark, and more contrast where the system asks for it."""

    NORMAL = "normal", "标准"
    HIGH = "high", "高对比（白底黑字；系统用深色时为黑底白字）"


@dataclass(frozen=True)
class Display:
    """One reader's choice. There are six of them: a page is kept at most six times (reports/public_cache.py)."""

    size: TextSize = TextSize.NORMAL
    contrast: Contrast = Contrast.NORMAL

    @classmethod
    def of(cls, request: HttpRequest) -> Display:
        """What the cookie says; the standard where there is none, or one that was not made here."""
        told = request.COOKIES.get(COOKIE)
        if not told:
            return _STANDARD
        size, _, contrast = told.partition(".")
        if size not in TextSize.values or contrast not in Contrast.values:
            return _STANDARD
        return cls(TextSize(size), Contrast(contrast))

    def __str__(self) -> str:
        return f"{self.size.value}.{self.contrast.value}"

    @property
    def classes(self) -> str:
        """The classes of the root element; empty for the standard."""
        found = [f"text-{self.size.value}"] * (self.size is not TextSize.NORMAL)
        found += [f"contrast-{self.contrast.value}"] * (self.contrast is not Contrast.NORMAL)
        return " ".join(found)


_STANDARD = Display()


def display(request: HttpRequest) -> dict[str, object]:
    """For every template: ``display``, and ``display_page``, where to choose it and how to come back."""
    return {"display": Display.of(request), "display_page": lambda: _page(request)}


def _page(request: HttpRequest) -> str:
    address = reverse("display")
    if request.method != "GET":
        return address
    # From the page itself no deeper: each nested way back would be another address, without end.
    here = request.get_full_path()
    return here if request.path == address else f"{address}?{urlencode({'back': here})}"
