"""Sealed objects and the keys that open them: see README.md. The only room that knows minio and the key database."""

from recital_vault.broken import SealBroken
from recital_vault.control import ControlLedger
from recital_vault.key_provisioning import keys_user, provision_keys
from recital_vault.key_store import DataKey, KeyStore, ListedKey
from recital_vault.object_store import ObjectStore, Stored
from recital_vault.root_key import FileRootKey, RootKey
from recital_vault.sealed_reader import SealedReader
from recital_vault.sealed_writer import SealedObject, SealedWriter, UploadStarted
from recital_vault.sealing import FRAME, FrameRange, Seal, frame_range, plain_size, sealed_size
from recital_vault.settings import KeyStoreSettings, ObjectStoreSettings
from recital_vault.store_client import OpenUpload, StoredPart
from recital_vault.store_rights import SERVICE_RIGHTS, StoreRights, canary_of
from recital_vault.vault import Vault

__all__ = [
    "FRAME",
    "SERVICE_RIGHTS",
    "ControlLedger",
    "DataKey",
    "FileRootKey",
    "FrameRange",
    "KeyStore",
    "KeyStoreSettings",
    "ListedKey",
    "ObjectStore",
    "ObjectStoreSettings",
    "OpenUpload",
    "RootKey",
    "Seal",
    "SealBroken",
    "SealedObject",
    "SealedReader",
    "SealedWriter",
    "StoreRights",
    "Stored",
    "StoredPart",
    "UploadStarted",
    "Vault",
    "canary_of",
    "frame_range",
    "keys_user",
    "plain_size",
    "provision_keys",
    "sealed_size",
]
