# Defines the imported target flowtrain::torch from an unpacked libtorch (a pip or conda torch, or the
# wheel's torch/ folder). find_package(Torch) is not used: for the PyPI wheel it demands the CUDA toolkit,
# which neither the build nor a CPU machine needs. Only c10 and torch_cpu are linked; libtorch_cuda.so is
# opened at start-up where a driver is present, so one binary serves both.
set(FLOWTRAIN_TORCH "$ENV{FLOWTRAIN_TORCH}" CACHE PATH
    "The torch folder (holds include/ and lib/); empty: the per-user cache, then the active Python's torch")

function(flowtrain_find_torch out)
  set(candidates "")
  if(FLOWTRAIN_TORCH)
    list(APPEND candidates "${FLOWTRAIN_TORCH}" "${FLOWTRAIN_TORCH}/torch")
  else()
    if(DEFINED ENV{XDG_CACHE_HOME})
      set(cache "$ENV{XDG_CACHE_HOME}")
    else()
      set(cache "$ENV{HOME}/.cache")
    endif()
    list(APPEND candidates "${cache}/flowtrain/libtorch-2.11.0/torch")
  endif()
  foreach(dir IN LISTS candidates)
    if(EXISTS "${dir}/lib/libtorch_cpu.so" AND EXISTS "${dir}/include/ATen/ATen.h")
      set(${out} "${dir}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "libtorch 2.11.0 was not found (looked in: ${candidates}). "
                      "Run tools/flowtrain once, or set FLOWTRAIN_TORCH to a torch folder.")
endfunction()

flowtrain_find_torch(FLOWTRAIN_TORCH_DIR)
message(STATUS "libtorch: ${FLOWTRAIN_TORCH_DIR}")
foreach(lib c10 torch_cpu)
  add_library(flowtrain_${lib} SHARED IMPORTED)
  set_target_properties(flowtrain_${lib} PROPERTIES
    IMPORTED_LOCATION "${FLOWTRAIN_TORCH_DIR}/lib/lib${lib}.so"
    INTERFACE_INCLUDE_DIRECTORIES
      "${FLOWTRAIN_TORCH_DIR}/include;${FLOWTRAIN_TORCH_DIR}/include/torch/csrc/api/include")
endforeach()
add_library(flowtrain::torch INTERFACE IMPORTED)
target_link_libraries(flowtrain::torch INTERFACE flowtrain_torch_cpu flowtrain_c10)
# The wheel's own dependencies (libcudart, libcupti) are found through its libraries' own rpath at run time.
target_link_options(flowtrain::torch INTERFACE -Wl,--allow-shlib-undefined)
