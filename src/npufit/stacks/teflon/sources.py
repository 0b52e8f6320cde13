"""Where the rules of this stack were read."""

FRONTEND_OLD = "Mesa src/gallium/frontends/teflon/tfl_device.c (bminor/mesa-mesa @0001dab219ca, 25.3 era)"
FRONTEND_NEW = (
    "Mesa src/gallium/frontends/teflon/tfl_device.c (sailfishos-mirror/mesa @024c70fbb3cc), "
    "confirmed in Debian's binaries 26.1.6-1 and 26.2.6-1"
)
ETHOSU_OLD = "Mesa src/gallium/drivers/ethosu/ethosu_ml.c (bminor/mesa-mesa @2581c3ab60b5, @b824ef83ab39)"
ETHOSU_26_1 = "Mesa src/gallium/drivers/ethosu/ethosu_ml.c (sailfishos-mirror/mesa @818e1835d7cb)"
ETHOSU_26_2 = "Mesa src/gallium/drivers/ethosu/ethosu_ml.c (pop-os/mesa @aee40d4a5b8c)"
ETHOSU_MAIN = "Mesa src/gallium/drivers/ethosu (sailfishos-mirror/mesa @01488fa346e7)"
ETHOSU_LOWERING = (
    "Mesa src/gallium/drivers/ethosu/ethosu_lower.c (bminor/mesa-mesa @b824ef83ab39 for 25.3, sailfishos-mirror/mesa "
    "@f0e4ccf66452 for 26.1, pop-os/mesa @aee40d4a5b8c for 26.2)"
)
ETHOSU_WEIGHTS = (
    "Mesa src/gallium/drivers/ethosu/ethosu_coefs.c (bminor/mesa-mesa @2581c3ab60b5 for 25.3) and ethosu_encode.cpp "
    "(sailfishos-mirror/mesa @16e15ee20514 for 26.1)"
)
ETNAVIV = "Mesa src/gallium/drivers/etnaviv/etnaviv_ml.c (sailfishos-mirror/mesa @16e15ee20514, 26.1 era)"
ROCKET = "Mesa src/gallium/drivers/rocket/rkt_ml.c (sailfishos-mirror/mesa @0b17f5d2f285, 26.1 era)"
ROCKET_OLD = "Mesa src/gallium/drivers/rocket/rkt_ml.c (bminor/mesa-mesa @17355f716b0f, 25.3 era)"
