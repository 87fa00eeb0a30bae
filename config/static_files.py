"""Static files under names that carry their hash, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Hashed names once `collectstatic` has made them; before that, in tests and fresh checkouts, the plain ones."""

    def stored_name(self, name: str) -> str:
        """The name to link to."""
        return str(super().stored_name(name)) if self.hashed_files else str(self.clean_name(name))
