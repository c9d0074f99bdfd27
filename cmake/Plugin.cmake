# What is needed to build node types outside the program (docs/add_a_node.md): the checksum of the headers, and the
# installed headers, archive and CMake package.
set(FLOWTRAIN_ABI_DIR "${PROJECT_BINARY_DIR}/abi")
set(write_abi ${CMAKE_COMMAND} -DSOURCES=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
  -DHEADER=${FLOWTRAIN_ABI_DIR}/flowtrain_abi.h -P ${PROJECT_SOURCE_DIR}/cmake/Abi.cmake)
execute_process(COMMAND ${write_abi})  # for clang-tidy, which builds nothing
add_custom_target(flowtrain_abi COMMAND ${write_abi} BYPRODUCTS "${FLOWTRAIN_ABI_DIR}/flowtrain_abi.h" VERBATIM)

# The part of the engine that nodes see, for their tests; in a plug-in the program itself has it.
add_library(flowtrain_node STATIC)
foreach(room pipeline_base pipeline_config pipeline_node)
  target_sources(flowtrain_node PRIVATE $<TARGET_OBJECTS:flowtrain_${room}>)
endforeach()
set_target_properties(flowtrain_node PROPERTIES LINKER_LANGUAGE CXX)
set(FLOWTRAIN_NODE_LIBRARIES "spdlog fmt xxhash yaml-cpp pthread")

# Compiled here too, so that the compiler and the linter see it.
add_library(flowtrain_plugin_entry OBJECT "${PROJECT_SOURCE_DIR}/cmake/plugin/plugin_entry.cc")
target_compile_definitions(flowtrain_plugin_entry PRIVATE FLOWTRAIN_PLUGIN)
target_include_directories(flowtrain_plugin_entry PRIVATE "${FLOWTRAIN_FLOORS}/nodes" "${FLOWTRAIN_ABI_DIR}")
target_link_libraries(flowtrain_plugin_entry PRIVATE flowtrain_warnings)
add_dependencies(flowtrain_plugin_entry flowtrain_abi)

install(TARGETS flowtrain_node)
foreach(room pipeline/base pipeline/config pipeline/node nodes)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${room}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/flowtrain/${room}"
    FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES "${FLOWTRAIN_ABI_DIR}/flowtrain_abi.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/flowtrain")
install(FILES "${PROJECT_SOURCE_DIR}/cmake/plugin/plugin_entry.cc" "${PROJECT_SOURCE_DIR}/cmake/Libtorch.cmake"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/flowtrain")
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/flowtrainConfigVersion.cmake" COMPATIBILITY ExactVersion)
file(RELATIVE_PATH FLOWTRAIN_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/cmake/flowtrain" "/")
configure_file("${PROJECT_SOURCE_DIR}/cmake/plugin/flowtrainConfig.cmake.in" "${PROJECT_BINARY_DIR}/flowtrainConfig.cmake" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/flowtrainConfig.cmake" "${PROJECT_BINARY_DIR}/flowtrainConfigVersion.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/flowtrain")

# Lets plug-ins find the program's functions, and nothing of its libraries: libtorch has others of the same names.
function(flowtrain_export_to_plugins program)
  set_target_properties(${program} PROPERTIES LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/plugin/exports.txt")
  target_link_options(${program} PRIVATE "-Wl,--dynamic-list=${PROJECT_SOURCE_DIR}/cmake/plugin/exports.txt")
endfunction()
