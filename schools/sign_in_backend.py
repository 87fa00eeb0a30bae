"""Who a session belongs to, with the place they answer for: every page of a signed-in person names it."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from schools.models import User


class OfficialBackend(ModelBackend):
    """Django's own backend, that reads person and place by one query."""

    def get_user(self, user_id: int) -> User | None:
        """The person, or None where there is none, or the account is closed."""
        found = User.objects.select_related("place").filter(pk=user_id).first()
        return found if found is not None and self.user_can_authenticate(found) else None
