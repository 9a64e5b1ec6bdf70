"""The one error tree. `description` may be shown to a person; `detail` is only logged."""


class IdpError(Exception):
    """A refusal: a stable machine code, a sentence for the person, an HTTP status.

    `reference` is the short code of the audit row about this refusal, where one was written:
    the person can quote it, the operator can find it.
    """

    def __init__(self, code: str, description: str, *, detail: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.detail = detail
        self.status = status
        self.reference = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.detail or self.description}"
