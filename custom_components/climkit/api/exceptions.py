"""What can go wrong when talking to the Climkit API.

No exception text holds a credential, a token or anything of a request's body.
"""


class ClimkitError(Exception):
    """Base of every error of this client."""


class ClimkitConnectionError(ClimkitError):
    """No connection, a time-out, a cut answer or a server error (5xx), even after retries.

    `retry_after` is the pause in seconds the server last asked for, None if it named none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """Keep the pause the server asked for."""
        super().__init__(message)
        self.retry_after = retry_after


class ClimkitCertificateError(ClimkitConnectionError):
    """The server could not prove who it is: its certificate is wrong, ended, or self-signed.

    Nothing was sent: something stands between us and the API, or a clock is wrong.
    """


class ClimkitLoginError(ClimkitConnectionError):
    """Logging in failed lately and is not tried again before `retry_after` seconds.

    That the credentials are wrong is not said: only several refusals, minutes apart, mean that.
    """


class ClimkitClosedError(ClimkitConnectionError):
    """The client was closed: nothing is asked for any more."""


class ClimkitAuthenticationError(ClimkitError):
    """The API refused the credentials themselves, again and again; or once where a person waits."""


class ClimkitAccessDeniedError(ClimkitError):
    """The API refused one site, meter or sensor, with a token that works or right after a login.

    `others_answered`: something else of the account was answered with the same token, so it is
    this thing that is refused (observed: a meter may be listed and still be refused). Else all is.
    `status` is the HTTP status.
    """

    def __init__(
        self, message: str = "", *, others_answered: bool = True, status: int | None = None
    ) -> None:
        """Keep whether it is this thing alone, and the status: 422 may speak of a wrong window."""
        super().__init__(message)
        self.others_answered = others_answered
        self.status = status


class ClimkitRateLimitError(ClimkitError):
    """The API went on answering 429, whatever the client waited.

    `retry_after` is the pause in seconds the server last asked for, None if it named none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """Keep the pause the server asked for."""
        super().__init__(message)
        self.retry_after = retry_after


class ClimkitResponseError(ClimkitError):
    """An answer that is not understood, or a request that the API calls wrong.

    Not JSON, another shape than documented, too large, a redirect, 400, 404, 413 and the like.
    `status` is the HTTP status, None if no request was made (an id not fit for a path).
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        """Keep the HTTP status, which tells a wrong window (400, 413) from a bad answer."""
        super().__init__(message)
        self.status = status
