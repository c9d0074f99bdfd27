// Decoding of an image, whatever its format.
#pragma once

#include <string>

#include "nodes/decode/decode_scratch.h"
#include "nodes/image/encoded_image.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Decodes by what the bytes are, not by the file's name. JPEG goes through libjpeg, PNG through
// libspng; WebP, TIFF, JPEG 2000, HEIC, AVIF and GIF through plug-ins, where they are installed;
// BMP, PNM, PAM and Sun raster are decoded here. All come out as upright RGB of 8 bits, without
// alpha (docs/data.md says which variants are read). False: `why` says what is wrong with the image;
// damaged or cut-off data is never passed on as grey pixels, and a file whose image has more pixels
// than `scratch` allows is refused before memory is taken for it. Throws nothing but std::bad_alloc.
//
// With a `chooser` the result may be just the part it asks for, still followed by the levels that
// the image comes with (RgbImage says what it is); without one it is just the whole image.
bool DecodeToRgb(const EncodedImage& image, DecodeScratch& scratch, const PartChooser* chooser,
                 RgbImage& out, std::string* why);

}  // namespace flowtrain
