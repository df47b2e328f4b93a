"""Gives the services' users and policies to the store there is: SeaweedFS reads them at its start, MinIO is told them.

For whoever provisions a store; no service has these rights. Both ways may be gone again: they bring up to date.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import urllib3
from minio import MinioAdmin
from minio.error import MinioAdminException, S3Error
from recital_errors import Unavailable

from recital_vault.settings import ObjectStoreSettings
from recital_vault.store_client import FAILURES, FileCredentials, StoreClient
from recital_vault.store_rights import StoreRights, canary_of

__all__ = ["StoreUser", "provision_minio_users", "seaweedfs_identities"]

# A user of MinIO may make keys for itself that outlive its own, unless that is denied.
_NO_FURTHER_KEYS = {
    "Effect": "Deny",
    "Action": ["admin:CreateServiceAccount", "admin:UpdateServiceAccount"],
}


@dataclass(frozen=True, slots=True)
class StoreUser:
    """One service's access key, its halves in files, and what it may do."""

    rights: StoreRights
    access_key_file: Path
    secret_key_file: Path

    @property
    def access_key(self) -> str:
        """The key's id."""
        return self.access_key_file.read_text().strip()

    @property
    def secret_key(self) -> str:
        """The key's secret."""
        return self.secret_key_file.read_text().strip()


def seaweedfs_identities(users: Sequence[StoreUser], bucket: str) -> str:
    """The file for SeaweedFS's `-s3.config`, which holds secrets; the administrator comes from its environment."""
    identities = [
        {
            "name": user.rights.service,
            "credentials": [{"accessKey": user.access_key, "secretKey": user.secret_key}],
            "policyNames": [user.rights.service],
        }
        for user in users
    ]
    policies = [{"name": user.rights.service, "content": json.dumps(user.rights.policy(bucket))} for user in users]
    return json.dumps({"identities": identities, "policies": policies})


async def provision_minio_users(administrator: ObjectStoreSettings, users: Sequence[StoreUser]) -> None:
    """Makes each user and its policy, or brings them up to date; a secret that was changed is changed there too.

    Raises Unavailable when MinIO refuses or does not answer.
    """
    admin = MinioAdmin(
        endpoint=administrator.endpoint,
        credentials=FileCredentials(administrator.access_key_file, administrator.secret_key_file),
        region=administrator.region,
        secure=administrator.secure,
        http_client=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=administrator.connect_timeout, read=administrator.read_timeout),
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(administrator.authorities_file) if administrator.authorities_file else None,
        ),
    )
    await asyncio.gather(*(asyncio.to_thread(_provision, admin, administrator, user) for user in users))


def _provision(admin: MinioAdmin, administrator: ObjectStoreSettings, user: StoreUser) -> None:
    service = user.rights.service
    policy = user.rights.policy(administrator.bucket)
    policy["Statement"].append(_NO_FURTHER_KEYS)
    try:
        admin.policy_add(service, policy=policy)
        # A secret travels sealed under a slow hash of the administrator's: not without need.
        if not _works(administrator, user):
            admin.user_add(user.access_key, user.secret_key)
            admin.policy_set(service, user=user.access_key)
    except (MinioAdminException, *FAILURES) as error:
        raise Unavailable("object_store_refuses", "The object store does not take its users.") from error


def _works(administrator: ObjectStoreSettings, user: StoreUser) -> bool:
    """Whether the store knows the user by this secret, with its policy: then it may write its canary."""
    settings = replace(
        administrator, access_key_file=user.access_key_file, secret_key_file=user.secret_key_file, connections=1
    )
    try:
        StoreClient(settings).put_whole(settings.bucket, canary_of(user.rights.service), b"recital")
    except S3Error:
        return False
    return True
