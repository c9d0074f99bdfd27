/* The one function of a codec plug-in, such as flowtrain_webp.so. C types only: the program knows
   none of the libraries that the plug-ins are linked with. */
#ifndef FLOWTRAIN_NODES_DECODE_PLUGIN_CODEC_H_
#define FLOWTRAIN_NODES_DECODE_PLUGIN_CODEC_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An image as its file holds it, which may be lying on a side. */
struct flowtrain_stored_image {
  int64_t height, width; /* pixels */
  int orientation;     /* how it is turned upright: 1 to 8, as TIFF numbers them; 0: as these say */
  const uint8_t* exif; /* an Exif block; may be NULL */
  size_t exif_bytes;
  const uint8_t* xmp; /* an XMP packet, for where Exif says nothing; may be NULL */
  size_t xmp_bytes;
  int most_shrink; /* a part can be decoded, reduced by up to this (a power of 2); 0: only the whole */
};

/* A rectangle of a stored image that is reduced by `shrink`, in pixels of the reduced image. Each
   of these stands for shrink x shrink pixels, which are there: none is beyond the border. Where
   `shrink` is 1, `top` and `left` are even. */
struct flowtrain_part {
  int top, left, height, width, shrink;
};

/* The program, for which an image is decoded. */
struct flowtrain_host {
  void* user;
  const char* format; /* what the file is: "WebP" */
  /* To be called once, before any memory is taken for pixels. Gives the part that is to be decoded,
     the whole image if most_shrink is 0, and the place for its packed RGB; or NULL: the image is
     not wanted. Does not throw. */
  uint8_t* (*begin)(void* user, const struct flowtrain_stored_image* image,
                    struct flowtrain_part* part);
};

/* Decodes the `size` bytes of an image file. Returns 1, or 0 with the reason in `why` (`why_bytes`
   bytes, ends with a 0). Any thread may call it. */
typedef int (*flowtrain_decode_function)(const uint8_t* bytes, size_t size,
                                         const struct flowtrain_host* host, char* why,
                                         size_t why_bytes);

/* The name under which it is exported; another number, another signature. */
#define FLOWTRAIN_DECODE_SYMBOL "flowtrain_decode_3"

#ifdef __cplusplus
}
#endif

#endif /* FLOWTRAIN_NODES_DECODE_PLUGIN_CODEC_H_ */
