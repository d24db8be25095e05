"""What an S3 server or its client cannot do, in plain words: what, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as boto

from pipelines.release.store import ChecksumError, StoreError, UnsureError

TAKEN = {"PreconditionFailed", "412"}
"""Codes by which a server says that a precondition does not hold."""

ABSENT = {"NoSuchKey", "404", "NotFound"}
"""Codes by which a server says that there is no such object."""

_GARBLED = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_VAGUE = {"ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "IncompleteBody", "SlowDown"}
_DENIED = {"AccessDenied", "403"}
_RIGHTS = {
    "read": ("s3:GetObject", "reader"),
    "list": ("s3:ListBucket", "reader"),
    "write": ("s3:PutObject", "publisher"),
    "mark": ("s3:PutObject", "eraser"),
    "delete": ("s3:DeleteObject", "eraser"),
}
"""Which right each thing that is done to a bucket takes, and which policy of ``deploy/object-store`` gives it."""

_ORIGINS = {
    "env": "the environment",
    "shared-credentials-file": "AWS's file of credentials",
    "config-file": "AWS's configuration",
    "iam-role": "this machine's role",
    "container-role": "this container's role",
}
"""Where credentials come from, by the names that botocore has for it."""

_ADVICE = {
    "NoSuchBucket": "there is no such bucket; make it, or name another one with --store",
    "ExpiredToken": "the credentials have expired; log in again",
    "TokenRefreshRequired": "the credentials have expired; log in again",
    "InvalidAccessKeyId": "the server does not know this access key; look at AWS_ACCESS_KEY_ID or the profile",
    "SignatureDoesNotMatch": "the secret key is not the access key's; look at AWS_SECRET_ACCESS_KEY or the profile",
    "InvalidToken": "the session token is not valid; log in again",
    "RequestTimeTooSkewed": "this machine's clock and the server's are too far apart; set the clock",
    "PermanentRedirect": "the bucket is in another region; set VARIORUM_S3_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region; set VARIORUM_S3_REGION",
    "IllegalLocationConstraintException": "the bucket is in another region; set VARIORUM_S3_REGION",
    "NotImplemented": "the server does not know conditional writes or checksums; use one that does",
}


def error_code(error: boto.ClientError) -> str:
    """The code by which a server names an error."""
    return str(error.response.get("Error", {}).get("Code", "an error"))


def denial(what: str, session: Any) -> str:
    """Who may not do what, and which role may: ``what`` begins with one of the verbs of the store's own sentences."""
    action, role = _RIGHTS["mark" if "/collecting/" in what else what.split()[0]]
    method = str(getattr(session.get_credentials(), "method", "nowhere"))
    return (
        f"the credentials from {_ORIGINS.get(method, method)} have no right to {action} there; look at the bucket's"
        f" name, or ask for the role {role} (deploy/object-store/{role}.json)"
    )


@contextmanager
def plainly(told: str, server: str, denied: Callable[[], str]) -> Iterator[None]:
    """Turns what boto3 raises into one plain sentence. No message of its own is passed on: it may tell secrets.

    Args:
        told: what cannot be done, and to which store: the sentence's beginning.
        server: the host's name, and the port.
        denied: what to say where a right is missing.

    Raises:
        UnsureError: what was asked may have been done.
        ChecksumError: the bytes did not arrive as they were announced.
        StoreError: anything else.
    """
    try:
        yield
    except StoreError:
        raise
    except boto.ClientError as error:
        code, status = error_code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _GARBLED:
            raise ChecksumError(f"{told}: the bytes do not have the sha256 that was announced") from None
        if code in _VAGUE or status in (409, 429) or status >= 500:
            raise UnsureError(f"{told}: the server answers {code} ({status}); try again later") from None
        advice = denied() if code in _DENIED else _ADVICE.get(code)
        raise StoreError(f"{told}: {advice or f'the server answers {code} ({status})'}") from None
    except (boto.NoCredentialsError, boto.PartialCredentialsError):
        raise StoreError(
            f"{told}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in"
        ) from None
    except (boto.ProfileNotFound, boto.ConfigNotFound, boto.ConfigParseError):
        raise StoreError(f"{told}: the profile that AWS_PROFILE names is not in the configuration of AWS") from None
    except (boto.TokenRetrievalError, boto.SSOTokenLoadError, boto.UnauthorizedSSOTokenError):
        raise StoreError(f"{told}: the credentials have expired; log in again") from None
    except (boto.CredentialRetrievalError, boto.MetadataRetrievalError):
        raise StoreError(f"{told}: the credentials cannot be fetched from where AWS's settings say") from None
    except boto.SSLError:
        raise StoreError(
            f"{told}: {server} does not prove who it is by TLS; look at the address, and at AWS_CA_BUNDLE"
            " where its certificate is your own"
        ) from None
    except boto.EndpointConnectionError:
        raise UnsureError(f"{told}: no connection to {server}; is it the right address?") from None
    except (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError) as error:
        raise UnsureError(f"{told}: the connection to {server} failed ({type(error).__name__})") from None
    except boto.FlexibleChecksumError:
        raise UnsureError(f"{told}: what came has another checksum than the server says") from None
    except OSError as error:
        what = error.filename or "a file of this machine"
        raise StoreError(f"{told}: {what} cannot be opened: {error.strerror}") from None
    except RuntimeError as error:  # so botocore says that a helper gave credentials that have expired
        if "credentials" not in str(error):
            raise
        raise StoreError(f"{told}: the credentials have expired; log in again") from None
    except (boto.BotoCoreError, ValueError) as error:
        raise StoreError(f"{told}: {type(error).__name__}; look at the settings s3_… and AWS_…") from None
