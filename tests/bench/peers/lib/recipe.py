"""The views of configs/stl10_config.yaml (SimCLR's recipe), for the programs that flowtrain is compared with."""
CROP_SCALE, CROP_RATIO = (0.2, 1.0), (3 / 4, 4 / 3)
FLIP, JITTER, GREY, BLUR = 0.5, 0.8, 0.2, 0.5
STRENGTH, HUE = 0.4, 0.1  # of brightness, contrast and saturation; turns
BLUR_KERNEL, BLUR_SIGMA = 9, (0.1, 2.0)  # pixels

# The same as flowtrain's parameters.
PARAMETERS = {
    "augment.crop_scale": list(CROP_SCALE),
    "augment.crop_ratio": list(CROP_RATIO),
    "augment.flip": FLIP,
    "augment.jitter": JITTER,
    "augment.brightness": STRENGTH,
    "augment.contrast": STRENGTH,
    "augment.saturation": STRENGTH,
    "augment.hue": HUE,
    "augment.grey": GREY,
    "augment.blur": BLUR,
    "augment.blur_kernel": BLUR_KERNEL,
    "augment.blur_sigma": list(BLUR_SIGMA),
    "augment.solarize": 0.0,
    "augment.interpolation": "bilinear",
}
