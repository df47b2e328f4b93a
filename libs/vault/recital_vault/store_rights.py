"""What each service may do in the store, as one policy per service: the wall that stands when a service is taken over.

Pure, and the same for every store; `store_users` gives the policies to the store there is. A service reaches the
objects under its own name only; the control ledger is read by all and appended to by one, and nobody may remove from
it. Which uploads are open is told without their prefix (MinIO answers nothing else): names and ids, which open nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["SERVICE_RIGHTS", "StoreRights", "canary_of"]

_OBJECT = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
_CONTROL = "control/*"


@dataclass(frozen=True, slots=True)
class StoreRights:
    """What one service needs: objects of its own, to append to the control ledger, or only to read that."""

    service: str
    keeps_objects: bool = True
    appends_control: bool = False

    def policy(self, bucket: str) -> dict[str, Any]:
        """The S3 policy document (version 2012-10-17) that allows this, in one bucket, and nothing else."""
        reads_control = ["s3:GetObject", *(["s3:PutObject"] if self.appends_control else [])]
        statements = [
            _allow(["s3:GetObject", "s3:PutObject"], _objects(bucket, canary_of(self.service))),
            _allow(reads_control, _objects(bucket, _CONTROL)),
            _allow(["s3:ListBucket"], _bucket(bucket), prefix=_CONTROL),
        ]
        if self.keeps_objects:
            own = f"{self.service}/*"
            statements += [
                _allow(_OBJECT, _objects(bucket, own)),
                _allow(["s3:ListBucket", "s3:ListBucketVersions"], _bucket(bucket), prefix=own),
                _allow(["s3:ListBucketMultipartUploads"], _bucket(bucket)),
            ]
        return {"Version": "2012-10-17", "Statement": statements}


SERVICE_RIGHTS: Mapping[str, StoreRights] = {
    "consent": StoreRights("consent"),
    "ingest": StoreRights("ingest"),
    "retention": StoreRights("retention", keeps_objects=False, appends_control=True),
    "dsar": StoreRights("dsar"),
}


def canary_of(service: str) -> str:
    """The object by which a service finds out that the store takes and gives: no other service can change it."""
    return f"canary/{service}"


def _allow(actions: Sequence[str], resource: str, *, prefix: str | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}
    return statement | ({"Condition": {"StringLike": {"s3:prefix": [prefix]}}} if prefix else {})


def _bucket(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _objects(bucket: str, name: str) -> str:
    return f"arn:aws:s3:::{bucket}/{name}"
