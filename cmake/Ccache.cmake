# The dev build compiles through ccache where it is installed; nothing needs it. A build of several files at a time does
# not: it hardly ever compiles the same again, and ccache would preprocess each of them once more. Paths are taken relative
# to the checkout, so that two checkouts share what they have in common.
find_program(FLOWTRAIN_CCACHE ccache DOC "ccache, or empty to compile without")
if(FLOWTRAIN_CCACHE AND NOT FLOWTRAIN_UNITY AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    "${FLOWTRAIN_CCACHE}")
endif()
