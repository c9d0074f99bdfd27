# Compiles through ccache where it is installed; nothing needs it.
find_program(FLOWTRAIN_CCACHE ccache DOC "ccache, or empty to compile without")
if(FLOWTRAIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${FLOWTRAIN_CCACHE}")
endif()
