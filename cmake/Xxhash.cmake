# flowtrain::xxhash, checksums. Debian's package has no CMake files.
find_path(FLOWTRAIN_XXHASH_INCLUDE xxhash.h REQUIRED)
find_library(FLOWTRAIN_XXHASH_LIBRARY xxhash REQUIRED)
add_library(flowtrain::xxhash UNKNOWN IMPORTED)
set_target_properties(flowtrain::xxhash PROPERTIES
  IMPORTED_LOCATION "${FLOWTRAIN_XXHASH_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${FLOWTRAIN_XXHASH_INCLUDE}")
