"""The root key that a process's settings name: from files, or in Vault's transit engine (extra `transit` of vault)."""

from recital_vault import FileRootKey, RootKey

from recital_runtime.settings import ServiceSettings


def root_key_of(settings: ServiceSettings) -> RootKey:
    """Return it; nothing is opened. The settings have seen to it that exactly one kind is named."""
    if settings.root_key_file is not None:
        return FileRootKey(settings.root_key_file, retired=settings.retired_root_key_files)
    # Its client is installed where the engine is used, and only there.
    from recital_vault.transit_key import TransitRootKey, TransitSettings  # noqa: PLC0415 - an optional extra

    if settings.transit_address is None or settings.transit_token_file is None:
        raise ValueError("no root key is named")
    return TransitRootKey(
        TransitSettings(
            address=settings.transit_address,
            token_file=settings.transit_token_file,
            key=settings.transit_key,
            mount=settings.transit_mount,
            authorities_file=settings.transit_authorities_file,
        )
    )
