# The plug-in for NCCL, flowtrain_nccl.so: its headers are needed to build it, and libtorch's CUDA half where it runs.
# Included by nodes/CMakeLists.txt.

# The program opens only a plug-in with the same interface, of the same libtorch.
set(nccl_interface "")
foreach(header IN ITEMS collectives.h nccl/nccl.h)
  set(header "${PROJECT_SOURCE_DIR}/nodes/distributed/${header}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
  file(SHA256 "${header}" sum)
  string(APPEND nccl_interface "${sum}")
endforeach()
string(SHA256 nccl_interface "${nccl_interface}")
string(SUBSTRING "${nccl_interface}" 0 12 nccl_interface)
set(nccl_abi FLOWTRAIN_NCCL_ABI="libtorch ${FLOWTRAIN_TORCH_SUPPORTED} and interface ${nccl_interface}")
target_compile_definitions(flowtrain_nodes_distributed PRIVATE ${nccl_abi})

file(GLOB nccl_roots /usr/local/cuda /usr/local/cuda-* "${FLOWTRAIN_TORCH_DIR}/../nvidia/cu*"
  "${FLOWTRAIN_TORCH_DIR}/../nvidia/cuda_runtime" "${FLOWTRAIN_TORCH_DIR}/../nvidia/nccl")
find_path(FLOWTRAIN_CUDA_HEADERS cuda_runtime_api.h HINTS ENV CUDA_HOME PATHS ${nccl_roots}
  PATH_SUFFIXES include targets/x86_64-linux/include)
find_path(FLOWTRAIN_NCCL_HEADERS nccl.h HINTS ENV NCCL_HOME ENV CUDA_HOME PATHS ${nccl_roots} PATH_SUFFIXES include)
mark_as_advanced(FLOWTRAIN_CUDA_HEADERS FLOWTRAIN_NCCL_HEADERS)
set(nccl_lacks "")
foreach(header IN ITEMS cuda_runtime_api.h cublas_v2.h cusparse.h cusolverDn.h)  # libtorch's own headers include them
  if(NOT EXISTS "${FLOWTRAIN_CUDA_HEADERS}/${header}")
    list(APPEND nccl_lacks "there is no ${header} of CUDA")
  endif()
endforeach()
if(NOT FLOWTRAIN_NCCL_HEADERS)
  list(APPEND nccl_lacks "there is no nccl.h")
endif()
set(nccl_torch_cuda "${FLOWTRAIN_TORCH_DIR}/lib/libtorch_cuda.so")
if(NOT EXISTS "${nccl_torch_cuda}")
  list(APPEND nccl_lacks "this libtorch is not for CUDA")
endif()

# Some types of libtorch contain types of CUDA and NCCL, so the headers must be of the versions that it was built with.
set(nccl_of_torch 2.28)  # torch 2.11
function(flowtrain_number_in header name out)
  file(STRINGS "${header}" line REGEX "^#define +${name} ")
  string(REGEX REPLACE ".*${name} +([0-9]+).*" "\\1" number "${line}")
  set(${out} "${number}" PARENT_SCOPE)
endfunction()
if(NOT nccl_lacks)
  flowtrain_number_in("${FLOWTRAIN_NCCL_HEADERS}/nccl.h" NCCL_MAJOR major)
  flowtrain_number_in("${FLOWTRAIN_NCCL_HEADERS}/nccl.h" NCCL_MINOR minor)
  if(NOT "${major}.${minor}" STREQUAL nccl_of_torch)
    list(APPEND nccl_lacks "its headers are those of NCCL ${major}.${minor}, and libtorch was built with ${nccl_of_torch}")
  endif()
  flowtrain_number_in("${FLOWTRAIN_CUDA_HEADERS}/cuda_runtime_api.h" CUDART_VERSION version)
  math(EXPR version "${version} / 1000")
  execute_process(COMMAND "${CMAKE_READELF}" -d "${nccl_torch_cuda}" OUTPUT_VARIABLE needed)
  if(NOT needed MATCHES "libcudart\\.so\\.${version}\\]")
    list(APPEND nccl_lacks "the headers are those of CUDA ${version}, and libtorch was built with another")
  endif()
endif()
if(nccl_lacks)
  list(JOIN nccl_lacks ", " nccl_lacks)
  message(STATUS "flowtrain_nccl.so is not built, so that several GPUs use Gloo: ${nccl_lacks} (docs/scale.md)")
  return()
endif()
message(STATUS "flowtrain_nccl.so: with the headers in ${FLOWTRAIN_CUDA_HEADERS} and ${FLOWTRAIN_NCCL_HEADERS}")

add_library(flowtrain_nccl MODULE "${PROJECT_SOURCE_DIR}/nodes/distributed/nccl/nccl.cc")
target_include_directories(flowtrain_nccl PRIVATE "${FLOWTRAIN_FLOORS}/nodes")
target_include_directories(flowtrain_nccl SYSTEM PRIVATE "${FLOWTRAIN_CUDA_HEADERS}" "${FLOWTRAIN_NCCL_HEADERS}")
target_compile_definitions(flowtrain_nccl PRIVATE ${nccl_abi})
target_link_libraries(flowtrain_nccl PRIVATE flowtrain::torch "${nccl_torch_cuda}" flowtrain_warnings)
# Every name that it asks for must be in one of these libraries, whose own needs are met where a GPU is.
target_link_options(flowtrain_nccl PRIVATE -Wl,--no-undefined)
target_compile_options(flowtrain_nccl PRIVATE $<$<CONFIG:Release>:-O1>)
set_target_properties(flowtrain_nccl PROPERTIES PREFIX "" SKIP_BUILD_RPATH ON INSTALL_RPATH ""
  CXX_VISIBILITY_PRESET hidden UNITY_BUILD OFF LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tools")
