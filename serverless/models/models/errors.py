"""The two ways in which things go wrong: the caller's, and the archive's."""


class RequestError(Exception):
    """What a caller sent cannot be served; the message says why and becomes the answer."""

    status = 400


class UnknownFunctionError(RequestError):
    """The function is not one of the container's."""

    status = 404


class TooLargeError(RequestError):
    """What a caller sent is larger than this container takes."""

    status = 413


class EncodingError(RequestError):
    """The body is compressed: unpacked it would have any size."""

    status = 415


class SlowError(RequestError):
    """The body does not come."""

    status = 408


class ModelError(Exception):
    """The archive or the container's environment is wrong; the message is for who packed or deployed it."""
