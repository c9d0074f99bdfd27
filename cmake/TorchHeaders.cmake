# How sources that read libtorch's headers are compiled.
#
# In a unity build these headers are compiled once for all of them (a precompiled header), since reading them is half of
# the work (docs/measurements/build.md). Without unity ccache does more, and sources are read without what they forgot to
# include. g++ takes a precompiled header only under the flags that it was made with, so all these targets have the same.
set(torch_headers OFF)
if(FLOWTRAIN_UNITY AND NOT FLOWTRAIN_ENGINE_ONLY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
   AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(torch_headers ON)
endif()

# For a target that reads libtorch's headers. Its own code has no hot loops, those are in libtorch: what -O3 gains there is
# not worth the time it takes.
function(flowtrain_use_torch_headers target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)  # ON means another flag for programs
  target_compile_options(${target} PRIVATE -fPIC)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(TARGET flowtrain_torch_headers AND NOT target STREQUAL "flowtrain_torch_headers")
    target_precompile_headers(${target} REUSE_FROM flowtrain_torch_headers)
  endif()
endfunction()

if(torch_headers)
  set(source "${PROJECT_BINARY_DIR}/torch_headers.cc")
  file(CONFIGURE OUTPUT "${source}" CONTENT "// Empty: its precompiled header is what counts.\n")
  add_library(flowtrain_torch_headers OBJECT "${source}")
  target_link_libraries(flowtrain_torch_headers PRIVATE flowtrain::torch flowtrain_warnings)
  flowtrain_use_torch_headers(flowtrain_torch_headers)
  target_precompile_headers(flowtrain_torch_headers PRIVATE
    <ATen/ATen.h> <ATen/DeviceAccelerator.h> <c10/core/Event.h> <torch/nn/module.h> <torch/nn/modules/batchnorm.h>
    <torch/nn/modules/conv.h> <torch/nn/modules/linear.h>)
endif()
