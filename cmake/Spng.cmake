# flowtrain::spng, PNG decoding. Debian's package has no CMake files.
find_path(FLOWTRAIN_SPNG_INCLUDE spng.h REQUIRED)
find_library(FLOWTRAIN_SPNG_LIBRARY spng REQUIRED)
add_library(flowtrain::spng UNKNOWN IMPORTED)
set_target_properties(flowtrain::spng PROPERTIES
  IMPORTED_LOCATION "${FLOWTRAIN_SPNG_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${FLOWTRAIN_SPNG_INCLUDE}")
