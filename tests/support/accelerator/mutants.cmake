# Copies of the project's code without one of its statements, so that a test can show that it would be missed. Each is a
# header in build/…/tests/mutants with the code in a namespace of its own, so that one test can use it beside the real one.
#
#   flowtrain_mutant(without_block               its namespace and the name of its file
#     FILES nodes/device/staged_batch.cc         where the code stands; a class's header comes first
#     WITHOUT "staged.copied->block(compute)")   what is left out, up to its semicolon: it must be there once
function(flowtrain_mutant name)
  cmake_parse_arguments(ARG "" "WITHOUT" "FILES" ${ARGN})
  set(text "")
  foreach(file IN LISTS ARG_FILES)
    set(path "${PROJECT_SOURCE_DIR}/${file}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    file(READ "${path}" part)
    string(APPEND text "${part}")
  endforeach()
  string(REPLACE "${ARG_WITHOUT}" "" mutated "${text}")
  string(LENGTH "${text}" before)
  string(LENGTH "${mutated}" after)
  string(LENGTH "${ARG_WITHOUT}" line)
  math(EXPR gone "${before} - ${after}")
  if(NOT gone EQUAL line)
    message(FATAL_ERROR "The mutant ${name} leaves out '${ARG_WITHOUT}', which must be in ${ARG_FILES} exactly once")
  endif()
  string(REGEX REPLACE "#pragma once|FLOWTRAIN_REGISTER[^\n]*" "" mutated "${mutated}")
  string(REPLACE "namespace flowtrain {" "namespace flowtrain::${name} {" mutated "${mutated}")
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/mutants/${name}.h" CONTENT "#pragma once\n@mutated@" @ONLY)
endfunction()

flowtrain_mutant(without_block FILES nodes/device/staged_batch.cc WITHOUT "staged.copied->block(compute)")
flowtrain_mutant(without_record_stream FILES nodes/device/staged_batch.cc
  WITHOUT "staged.images.record_stream(compute)")
flowtrain_mutant(without_release_wait FILES nodes/device/staged_batch.cc
  WITHOUT "if (staged.copied) WaitFor(*staged.copied)")
flowtrain_mutant(without_record FILES nodes/device/pinned_stage.h nodes/device/pinned_stage.cc
  WITHOUT "staged.copied->record(*copies_)")
flowtrain_mutant(without_query FILES nodes/train/optimizer/optimizer_step.h nodes/train/optimizer/optimizer_step.cc
  WITHOUT "if (!arrived->query()) return std::nullopt")
flowtrain_mutant(without_synchronize FILES nodes/train/checkpoint/host_copy.h nodes/train/checkpoint/host_copy.cc
  WITHOUT "for (const c10::DeviceIndex device : devices) at::accelerator::synchronizeDevice(device)")
flowtrain_mutant(without_made_block FILES nodes/distributed/through_host.h nodes/distributed/through_host.cc
  WITHOUT "made.block(copies_)")
flowtrain_mutant(without_early_sums FILES nodes/distributed/gradient_sum.h nodes/distributed/gradient_sum.cc
  WITHOUT "SendWhatIsReady(/*all=*/false)")
flowtrain_mutant(without_copied_wait FILES nodes/distributed/through_host.h nodes/distributed/through_host.cc
  WITHOUT "WaitFor(on_host.copied)")
