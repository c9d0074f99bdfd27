# Compiles through ccache if it is installed; nothing needs it. Paths are taken relative to the checkout, so that two
# checkouts share what they have in common.
find_program(FLOWTRAIN_CCACHE ccache DOC "ccache, or empty to compile without")
if(FLOWTRAIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    "${FLOWTRAIN_CCACHE}")
endif()
