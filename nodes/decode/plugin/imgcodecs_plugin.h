/* The one function of flowtrain_imgcodecs.so. C types only: the program knows no OpenCV codec. */
#ifndef FLOWTRAIN_NODES_DECODE_PLUGIN_IMGCODECS_PLUGIN_H_
#define FLOWTRAIN_NODES_DECODE_PLUGIN_IMGCODECS_PLUGIN_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gives the place for an image of [height, width, 3] bytes, or NULL. Must not throw. */
typedef uint8_t* (*flowtrain_allocate)(void* user, int height, int width);

/* Decodes the `size` bytes of an image file to RGB. Calls `allocate` once and fills what it gives.
   Returns 1, or 0 with the reason in `why` (`why_bytes` bytes, ends with a 0). Any thread may call
   it. */
typedef int (*flowtrain_decode_function)(const uint8_t* bytes, size_t size,
                                         flowtrain_allocate allocate, void* user, char* why,
                                         size_t why_bytes);

/* The name under which it is exported; another number, another signature. */
#define FLOWTRAIN_DECODE_SYMBOL "flowtrain_decode_1"

#ifdef __cplusplus
}
#endif

#endif /* FLOWTRAIN_NODES_DECODE_PLUGIN_IMGCODECS_PLUGIN_H_ */
