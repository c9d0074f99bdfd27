"""Writes small images of the formats that plug-ins read, with what their pixels are.

  make_images.py     to be run by hand; needs pillow, pillow-heif, imagecodecs and tifffile

tests/fuzz/corpus/FORMAT/NAME is the file, which is also a seed of the fuzz target of that format, and
tests/golden/images/NAME.png its pixels: the array that it was made from where it is lossless, and otherwise too, so that
another decoder's faults are not taken over. Names with "lossy" are compared less closely.
"""

import io
import os
import struct

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image

pillow_heif.register_heif_opener()
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEIGHT, WIDTH = 17, 26


def picture(height=HEIGHT, width=WIDTH):
    y, x = np.mgrid[0:height, 0:width]
    channels = 40 + 160 * x / width, 220 - 150 * y / height, 60 + 90 * (x + y) / (height + width)
    return np.stack(channels, -1).round().astype(np.uint8)


RGB = picture()
SOFT = 96 + RGB // 3  # for formats that keep colours at half the size
GREY = RGB[..., 1].copy()
BLACK_WHITE = (RGB[..., 0] > 120).astype(np.uint8) * 255
ALPHA = (30 + 8 * np.mgrid[0:HEIGHT, 0:WIDTH][1]).astype(np.uint8)
RGBA = np.dstack([RGB, ALPHA])
GREY16 = (GREY.astype(np.uint16) << 8) | GREY[::-1]
RGB16 = (RGB.astype(np.uint16) << 8) | RGB[::-1]


def write(folder, name, data, pixels):
    path = os.path.join(TESTS, "fuzz", "corpus", folder)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "wb") as file:
        file.write(data)
    if pixels.ndim == 2:
        pixels = np.dstack([pixels] * 3)
    golden = os.path.join(TESTS, "golden", "images")
    os.makedirs(golden, exist_ok=True)
    Image.fromarray(pixels).save(os.path.join(golden, name + ".png"), optimize=True)


def save(folder, name, array, pixels, form, **options):
    image = array if isinstance(array, Image.Image) else Image.fromarray(array)
    out = io.BytesIO()
    image.save(out, form, **options)
    write(folder, name, out.getvalue(), pixels)
    return out.getvalue()


def stored(orientation, up=RGB):
    """The image as a camera stores it that was held so, and the Exif block that says it."""
    turned = {
        1: up,
        2: up[:, ::-1],
        3: up[::-1, ::-1],
        4: up[::-1],
        5: up.transpose(1, 0, 2),
        6: np.rot90(up, 1),
        7: np.rot90(up, 2).transpose(1, 0, 2),
        8: np.rot90(up, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return np.ascontiguousarray(turned), exif.tobytes()


def xmp(orientation):
    form = '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/>'
    return (form % orientation).encode()


def scaled(array, bits):
    return (array.astype(np.int64) * ((1 << bits) - 1) // 255).astype(np.uint16 if bits > 8 else np.uint8)


def bytes_of(array, bits):
    most = (1 << bits) - 1
    return ((array.astype(np.int64) * 255 + most // 2) // most).astype(np.uint8)


def webp():
    save("webp", "lossless.webp", RGB, RGB, "WEBP", lossless=True)
    save("webp", "lossless-alpha.webp", RGBA, RGB, "WEBP", lossless=True, exact=True)
    save("webp", "lossy.webp", SOFT, SOFT, "WEBP", quality=95)
    save("webp", "lossy-alpha.webp", np.dstack([SOFT, ALPHA]), SOFT, "WEBP", quality=95)
    for orientation in range(1, 9):
        array, exif = stored(orientation)
        save("webp", f"exif{orientation}.webp", array, RGB, "WEBP", lossless=True, exif=exif)
    save("webp", "xmp6.webp", stored(6)[0], RGB, "WEBP", lossless=True, xmp=xmp(6))
    array, exif = stored(6)  # Exif goes first
    save("webp", "exif6-xmp8.webp", array, RGB, "WEBP", lossless=True, exif=exif, xmp=xmp(8))
    more = [Image.fromarray(255 - RGB), Image.fromarray(RGB)]
    save("webp", "animated.webp", RGB, RGB, "WEBP", lossless=True, save_all=True, append_images=more, duration=50)
    large = picture(150, 203)
    save("webp", "large-lossy.webp", large, large, "WEBP", quality=95)
    array, exif = stored(6, picture(96, 160))
    save("webp", "large-exif6-lossy.webp", array, picture(96, 160), "WEBP", quality=95, exif=exif)
    save("webp", "large-lossless.webp", large, large, "WEBP", lossless=True)


def tiff_file(name, array, pixels, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, array, metadata=None, software=False, **options)
    write("tiff", name, out.getvalue(), pixels)


def planes(array):
    return np.ascontiguousarray(np.moveaxis(array, -1, 0))


def tiff():
    high = (RGB16 >> 8).astype(np.uint8)
    tiff_file("rgb.tif", RGB, RGB, photometric="rgb")
    tiff_file("rgb-big-endian-16.tif", RGB16, high, photometric="rgb", byteorder=">")
    tiff_file("rgb-bigtiff.tif", RGB, RGB, photometric="rgb", bigtiff=True)
    tiff_file("rgb-pages.tif", np.stack([RGB, 255 - RGB]), RGB, photometric="rgb")
    tiff_file("rgb-lzw-predictor-strips.tif", RGB, RGB, photometric="rgb", compression="lzw", predictor=True, rowsperstrip=5)
    tiff_file("rgb-deflate-tiles.tif", RGB, RGB, photometric="rgb", compression="zlib", tile=(16, 16))
    tiff_file("rgb-planes.tif", planes(RGB), RGB, photometric="rgb", planarconfig="separate", rowsperstrip=5)
    tiff_file("rgb-planes-16.tif", planes(RGB16), high, photometric="rgb", planarconfig="separate")
    tiff_file("rgb-planes-tiles-16.tif", planes(RGB16), high, photometric="rgb", planarconfig="separate", tile=(16, 16))
    tiff_file("rgb-alpha.tif", RGBA, RGB, photometric="rgb", extrasamples=["unassalpha"])
    many = (RGB.astype(int) * ALPHA[..., None] + 127) // 255
    divided = np.minimum(255, many * 255 // ALPHA[..., None]).astype(np.uint8)
    tiff_file("rgb-associated-alpha.tif", np.dstack([many.astype(np.uint8), ALPHA]), divided, photometric="rgb", extrasamples=["assocalpha"])
    tiff_file("grey-white-16.tif", 65535 - GREY16, (GREY16 >> 8).astype(np.uint8), photometric="miniswhite")
    tiff_file("grey-white.tif", 255 - GREY, GREY, photometric="miniswhite")
    tiff_file("grey-16.tif", GREY16, (GREY16 >> 8).astype(np.uint8), photometric="minisblack")
    tiff_file("grey-alpha.tif", np.dstack([GREY, ALPHA]), GREY, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    for bits in (2, 4, 12, 14):
        array = scaled(GREY, bits)
        tiff_file(f"grey-{bits}.tif", array, bytes_of(array, bits), photometric="minisblack", bitspersample=bits)
    colours = np.stack([255 - np.arange(256), np.arange(256) * 37 % 256, np.arange(256)])
    tiff_file("palette.tif", GREY, colours.T[GREY].astype(np.uint8), photometric="palette", colormap=(colours * 257).astype(np.uint16))
    inks = np.dstack([255 - RGB, GREY // 4])
    light = ((255 - inks[..., :3].astype(int)) * (255 - inks[..., 3:].astype(int)) / 255).round().astype(np.uint8)
    tiff_file("cmyk.tif", inks, light, photometric="separated")
    for orientation in (2, 3, 5, 6, 8):
        tiff_file(f"orientation{orientation}.tif", stored(orientation)[0], RGB, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    tag = lambda value: (700, 1, len(xmp(value)), xmp(value), True)
    tiff_file("xmp6.tif", stored(6)[0], RGB, photometric="rgb", extratags=[tag(6)])
    both = [(274, 3, 1, 6, True), tag(8)]
    tiff_file("orientation6-xmp8.tif", stored(6)[0], RGB, photometric="rgb", extratags=both)
    one_bit = Image.fromarray(BLACK_WHITE).convert("1")
    for compression in ("group3", "group4", "packbits"):
        save("tiff", f"bits-{compression}.tif", one_bit, BLACK_WHITE, "TIFF", compression=compression)
    save("tiff", "ycbcr-lossy.tif", Image.fromarray(RGB).convert("YCbCr"), RGB, "TIFF")
    save("tiff", "jpeg-lossy.tif", RGB, RGB, "TIFF", compression="jpeg", quality=95)


def jpeg2000_file(name, array, pixels, bits, **options):
    data = imagecodecs.jpeg2k_encode(array, level=0, reversible=True, bitspersample=bits, **options)
    write("jpeg2000", name, data, pixels)


def with_palette(file, palette):
    """A grey .jp2 whose values become indices into a palette of 256 colours."""
    def box(name, data):
        return struct.pack(">I", 8 + len(data)) + name + data

    def find(data, name):
        at = data.index(name) - 4
        return at, at + struct.unpack_from(">I", data, at)[0]

    begin, end = find(file, b"jp2h")
    header = file[begin + 8 : end]
    colour_begin, colour_end = find(header, b"colr")
    colours = box(b"colr", b"\1\0\0" + struct.pack(">I", 16))
    colours += box(b"pclr", struct.pack(">HB", 256, 3) + b"\7\7\7" + palette.tobytes())
    colours += box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, channel) for channel in range(3)))
    header = header[:colour_begin] + colours + header[colour_end:]
    return file[:begin] + box(b"jp2h", header) + file[end:]


def jpeg2000():
    out = io.BytesIO()
    Image.fromarray(GREY).save(out, "JPEG2000")
    palette = np.stack([255 - np.arange(256), np.arange(256) * 37 % 256, np.arange(256)], -1).astype(np.uint8)
    write("jpeg2000", "palette.jp2", with_palette(out.getvalue(), palette), palette[GREY])
    for bits in (1, 4, 8, 10, 12, 16):
        array = scaled(GREY, bits)
        pixels = (array >> 8).astype(np.uint8) if bits == 16 else bytes_of(array, bits)
        jpeg2000_file(f"grey-{bits}.jp2", array, pixels, bits, codecformat="jp2")
    for bits in (10, 12):
        array = scaled(RGB, bits)
        jpeg2000_file(f"rgb-{bits}.j2k", array, bytes_of(array, bits), bits, codecformat="j2k")
        signed = (array.astype(int) - (1 << bits - 1)).astype(np.int16)
        jpeg2000_file(f"rgb-{bits}-signed.jp2", signed, bytes_of(array, bits), bits, codecformat="jp2")
    save("jpeg2000", "rgba.jp2", RGBA, RGB, "JPEG2000")
    save("jpeg2000", "grey-alpha.jp2", Image.fromarray(np.dstack([GREY, ALPHA]), "LA"), GREY, "JPEG2000")
    save("jpeg2000", "lossy.jp2", RGB, RGB, "JPEG2000", irreversible=True)
    save("jpeg2000", "offset-tiles.jp2", RGB, RGB, "JPEG2000", offset=(3, 5), tile_offset=(1, 2), tile_size=(12, 12))
    save("jpeg2000", "sycc-lossy.jp2", Image.fromarray(RGB).convert("YCbCr"), RGB, "JPEG2000")


def gif():
    image = Image.fromarray(RGB)
    for colours in (2, 16, 256):
        few = image.quantize(colours)
        save("gif", f"{colours}.gif", few, np.array(few.convert("RGB")), "GIF", interlace=0)
    few = image.quantize(16)
    pixels = np.array(few.convert("RGB"))
    save("gif", "interlaced.gif", few, pixels, "GIF", interlace=1)
    save("gif", "grey.gif", GREY, GREY, "GIF")
    save("gif", "transparent.gif", few, pixels, "GIF", transparency=3)
    save("gif", "animated.gif", few, pixels, "GIF", save_all=True, append_images=[image.quantize(8).rotate(180)])


def heif():
    image = Image.fromarray(SOFT)
    for chroma in (420, 444):
        out = io.BytesIO()
        pillow_heif.from_pillow(image).save(out, quality=95, chroma=chroma)
        write("heif", f"lossy-{chroma}.heic", out.getvalue(), SOFT)
    for name, array, pixels in (("alpha", np.dstack([SOFT, ALPHA]), SOFT), ("grey", GREY, GREY)):
        out = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(array)).save(out, quality=95)
        write("heif", f"lossy-{name}.heic", out.getvalue(), pixels)
    for subsampling in ("4:2:0", "4:4:4"):
        save("heif", f"lossy-{subsampling.replace(':', '')}.avif", SOFT, SOFT, "AVIF", quality=95, subsampling=subsampling)
    for value_range in ("full", "limited"):
        save("heif", f"lossy-grey-{value_range}.avif", np.dstack([GREY] * 3), GREY, "AVIF", quality=95, subsampling="4:0:0", range=value_range)
    save("heif", "lossy-alpha.avif", np.dstack([SOFT, ALPHA]), SOFT, "AVIF", quality=95)
    save("heif", "lossy-premultiplied.avif", np.dstack([SOFT, ALPHA]), SOFT, "AVIF", quality=100, alpha_premultiplied=True)
    for orientation in (3, 5, 6, 8):
        array, exif = stored(orientation, SOFT)
        save("heif", f"lossy-turned{orientation}.avif", array, SOFT, "AVIF", quality=95, exif=exif)
        save("heif", f"lossy-turned{orientation}.heic", array, SOFT, "HEIF", quality=95, exif=exif)
    write("heif", "lossy-10.avif", imagecodecs.avif_encode(scaled(SOFT, 10), level=95, bitspersample=10), SOFT)


for make in (webp, tiff, jpeg2000, gif, heif):
    make()
