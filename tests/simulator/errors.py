"""How a request is refused."""


class RefusalError(Exception):
    """The request is answered with this status instead."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status beside the message."""
        super().__init__(message)
        self.status = status
