"""The rules of passwords, each refused in one Chinese sentence. Django's own sentences are translated only in part."""

from __future__ import annotations

from django.contrib.auth import password_validation as rules


class LongEnough(rules.MinimumLengthValidator):
    """So many characters at least."""

    def get_error_message(self) -> str:
        """Says how many."""
        return f"密码太短，至少要 {self.min_length} 个字符。"


class UnlikeThePerson(rules.UserAttributeSimilarityValidator):
    """Not like the user name, the name or the address."""

    def get_error_message(self) -> str:
        """Names what it is like: Django fills the word in."""
        return "密码与%(verbose_name)s太相似，请换一个。"


class NotCommon(rules.CommonPasswordValidator):
    """None of the twenty thousand that are tried first."""

    def get_error_message(self) -> str:
        """Says so."""
        return "这是常见密码，很容易被猜到，请换一个。"


class NotDigitsAlone(rules.NumericPasswordValidator):
    """Not a telephone number or a date."""

    def get_error_message(self) -> str:
        """Says so."""
        return "密码不能全是数字。"
