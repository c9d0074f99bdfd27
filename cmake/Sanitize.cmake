# FLOWTRAIN_SANITIZE=address (with UBSan), thread, or fuzz (clang: address, and counters for libFuzzer): builds our code
# with that sanitizer.
set(FLOWTRAIN_SANITIZE "" CACHE STRING "address, thread, fuzz or empty")
if(FLOWTRAIN_SANITIZE)
  # The checks that a sanitizer adds make g++ see more uninitialised values. It may be right, so it still warns.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized>)
  add_compile_options(-O1 -g1)  # half the time to build; reports still name file and line
endif()
if(FLOWTRAIN_SANITIZE STREQUAL "address")
  # vptr needs the type information of libtorch's classes, which its libraries do not export.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(FLOWTRAIN_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  # g++ warns that the sanitizer does not see atomic fences; TBB has some.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=thread)
elseif(FLOWTRAIN_SANITIZE STREQUAL "fuzz")
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(FLOWTRAIN_SANITIZE)
  message(FATAL_ERROR "FLOWTRAIN_SANITIZE is '${FLOWTRAIN_SANITIZE}', not address, thread or fuzz")
endif()
