# Defines the imported target flowtrain::torch from an unpacked libtorch (a pip or conda torch, or what tools/flowtrain
# fetched), and FLOWTRAIN_TORCH_DIR. find_package(Torch) is not used: for the PyPI wheel it demands the CUDA toolkit,
# which neither the build nor a CPU machine needs. Only c10 and torch_cpu are linked; libtorch_cuda.so is opened at
# start-up if a driver is present, so one binary serves both.
set(FLOWTRAIN_TORCH "$ENV{FLOWTRAIN_TORCH}" CACHE PATH
    "A torch folder (it holds include/ and lib/) or its parent; empty: that of the active Python environment or of python3, then the per-user cache")
set(FLOWTRAIN_TORCH_SUPPORTED 2.11)

# The version of the torch in a folder, such as 2.11; empty if there is none.
function(flowtrain_torch_version dir out)
  set(${out} "" PARENT_SCOPE)
  set(header "${dir}/include/torch/headeronly/version.h")
  if(EXISTS "${dir}/lib/libtorch_cpu.so" AND EXISTS "${header}")
    file(STRINGS "${header}" lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR) [0-9]+")
    string(REGEX REPLACE ".*_MAJOR ([0-9]+).*_MINOR ([0-9]+).*" "\\1.\\2" version "${lines}")
    set(${out} "${version}" PARENT_SCOPE)
  endif()
endfunction()

function(flowtrain_torch_candidates out)
  if(FLOWTRAIN_TORCH)
    set(${out} "${FLOWTRAIN_TORCH}" "${FLOWTRAIN_TORCH}/torch" PARENT_SCOPE)
    return()
  endif()
  set(candidates "")
  foreach(prefix IN ITEMS "$ENV{VIRTUAL_ENV}" "$ENV{CONDA_PREFIX}")
    if(prefix)
      file(GLOB found "${prefix}/lib/python3.*/site-packages/torch")
      list(APPEND candidates ${found})
    endif()
  endforeach()
  find_package(Python3 QUIET COMPONENTS Interpreter)
  if(Python3_FOUND)
    execute_process(COMMAND "${Python3_EXECUTABLE}" -c
      "import importlib.util as u; print(*u.find_spec('torch').submodule_search_locations, sep=';')"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    list(APPEND candidates ${found})
  endif()
  set(cache "$ENV{XDG_CACHE_HOME}")
  if(NOT cache)
    set(cache "$ENV{HOME}/.cache")
  endif()
  set(${out} ${candidates} "${cache}/flowtrain/libtorch-2.11.0/torch" PARENT_SCOPE)
endfunction()

function(flowtrain_find_torch out)
  flowtrain_torch_candidates(candidates)
  foreach(dir IN LISTS candidates)
    flowtrain_torch_version("${dir}" version)
    if(version STREQUAL FLOWTRAIN_TORCH_SUPPORTED)
      set(${out} "${dir}" PARENT_SCOPE)
      return()
    elseif(version)
      message(STATUS "torch ${version} in ${dir} is passed over: flowtrain needs ${FLOWTRAIN_TORCH_SUPPORTED}")
    endif()
  endforeach()
  list(JOIN candidates "\n  " looked)
  message(FATAL_ERROR "libtorch ${FLOWTRAIN_TORCH_SUPPORTED} was not found. Looked in:\n  ${looked}\n"
                      "Run tools/flowtrain once (it fetches one), or set FLOWTRAIN_TORCH to a torch folder.")
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
# libtorch's own dependencies (libcudart, libcupti) are found at run time through its libraries' own rpath.
target_link_options(flowtrain::torch INTERFACE -Wl,--allow-shlib-undefined)
