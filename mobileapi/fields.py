"""Strict JSON members: base64url of a known size, keys, and no member that nobody asked for."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from idp.enrollment.rules.encoding import from_b64u

LONGEST_TEXT = 20_000


class Strict(serializers.Serializer[dict[str, Any]]):
    """An object with exactly the declared members."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({str(name): ["unknown member"] for name in unknown})
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.STR)
class Base64Url(serializers.Field[bytes, Any, str, Any]):
    """base64url without padding, in its one canonical spelling; becomes bytes."""

    def __init__(self, *, size: int | None = None, longest: int = LONGEST_TEXT, **kwargs: Any):
        super().__init__(**kwargs)
        self.size, self.longest = size, longest

    def to_internal_value(self, data: Any) -> bytes:
        if not isinstance(data, str) or len(data) > self.longest:
            raise serializers.ValidationError("base64url text expected")
        try:
            value = from_b64u(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error
        if self.size is not None and len(value) != self.size:
            raise serializers.ValidationError(f"{self.size} bytes expected")
        return value

    def to_representation(self, value: bytes) -> str:
        raise NotImplementedError("answers are built by mobileapi.documents")


class StrictText(serializers.CharField):
    """A JSON string: a number is not taken for its digits, nothing is trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("text expected")
        return super().to_internal_value(data)


class JsonObject(serializers.DictField):
    """A JSON object whose inside belongs to a standard (WebAuthn); verified by its gateway."""
