"""What a board must have for the streams of a bundle: the bits of the driver's answer that tell NPUs apart."""

from __future__ import annotations

from npufit.deploying.manifest import Register

_PRODUCTS = ("ethos-u55", "ethos-u65")
"""By the number of the product in CONFIG."""

_ARCHITECTURES = {"ethos-u65": 1}
"""Major architecture in ID (Linux drivers/accel/ethosu/ethosu_device.h; Mesa takes architecture 1 for the U65)."""

_CONFIG_MASK, _ID_MASK = 0xF000_000F, 0xF000_0000


def registers_for(accelerator: str) -> tuple[Register, ...]:
    """Return what DEV_QUERY must answer for streams of `accelerator`, such as `ethos-u65-256`.

    CONFIG has the product in bits 28 to 31 and the power of two of its multipliers in bits 0 to 3; ID has the major
    architecture in bits 28 to 31 (Linux drivers/accel/ethosu/ethosu_device.h; Vela's driver header).
    """
    product, _, macs = accelerator.rpartition("-")
    architecture = _ARCHITECTURES[product]
    name = product.replace("ethos-u", "Ethos-U")
    config = _PRODUCTS.index(product) << 28 | int(macs).bit_length() - 1
    return (
        Register("config", _CONFIG_MASK, config, f"{name} with {macs} multipliers"),
        Register("id", _ID_MASK, architecture << 28, f"architecture {architecture} ({name})"),
    )
