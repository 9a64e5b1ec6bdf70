"""A refusal that tells a number."""

from idp.core.errors import IdpError


class PhoneRefusalError(IdpError):
    """A refusal that also tells the phone a number: `extra` goes into the problem document."""

    extra: dict[str, int]

    def __init__(
        self, code: str, description: str, *, detail: str = "", status: int = 400, **extra: int
    ) -> None:
        super().__init__(code, description, detail=detail, status=status)
        self.extra = extra
