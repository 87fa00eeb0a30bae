"""Who asks: the person of a token. A session is looked at by DRF's own, which keeps the check against other sites."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from schools.api_tokens import TokenRefused, token_of
from schools.models import ApiToken, User


class BearerToken(TokenAuthentication):
    """``Authorization: Bearer …`` with a token somebody made on their own page."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """The person and the token. Raises AuthenticationFailed with the reason."""
        try:
            found = token_of(token.decode("ascii", "replace"))
        except TokenRefused as refusal:
            raise AuthenticationFailed(str(refusal)) from None
        return found.user, found

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """None where no token was brought; a header that is no token is refused in words."""
        try:
            found: tuple[User, ApiToken] | None = super().authenticate(request)
        except AuthenticationFailed as refusal:
            words = str(refusal.detail)
            own = words if words.startswith("令牌") else "Authorization 头应为：Bearer 空格 令牌，令牌中没有空格。"
            raise AuthenticationFailed(own) from None
        return found


class BearerTokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document tells of it."""

    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The scheme of a bearer token."""
        words = "在网页“我的账号—接口令牌”创建，只显示一次；修改密码、换岗、停用账号后失效。"
        return {"type": "http", "scheme": "bearer", "description": words}
