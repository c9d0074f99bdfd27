/* The interface of the plug-in that holds OpenCV's imgcodecs. C, so that no C++ type or exception
 * crosses it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/* Gives memory for height x width x 3 bytes. */
typedef uint8_t* FlowtrainAllocatePixels(void* target, int height, int width);

/* Decodes an image file's bytes to packed 8-bit RGB. Returns 0, or another number with the reason
 * in `why`. */
typedef int FlowtrainImgcodecsDecode(const uint8_t* bytes, size_t size, int64_t most_pixels,
                                     FlowtrainAllocatePixels* allocate, void* target, char* why,
                                     size_t why_size);

FlowtrainImgcodecsDecode flowtrain_imgcodecs_decode;
}
