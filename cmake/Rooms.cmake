# Rooms: a folder of sources is a target, and says which rooms it may include from. Each of these must be declared
# before it, so the doors between rooms open one way and no circle is possible; tests/rooms_test.py reads every include
# and fails if one has no door.
#
#   flowtrain_room(nodes/device                the folder, from the project's root
#     FOLDERS .                                its folders with sources, itself if none is named
#     NEEDS pipeline/base nodes/data/cache     rooms it includes from
#     USES flowtrain::torch                    libraries whose headers its own headers show
#     HIDES nlohmann_json::nlohmann_json       libraries that only its sources use
#     BATCH 8)                                 sources per compilation, in a unity build
#
# makes the target flowtrain_nodes_device. All targets are OBJECT libraries: from a static library the linker drops the
# node types, which register themselves.
set(CMAKE_UNITY_BUILD ${FLOWTRAIN_UNITY})

define_property(GLOBAL PROPERTY FLOWTRAIN_ROOMS BRIEF_DOCS "The rooms so far" FULL_DOCS "In the order of their floors")

# A floor sees itself and what is below it: a folder of its own has a link to each, and its rooms include from there.
# The project's root, where pipeline/ would find nodes/, is on nobody's path.
set(FLOWTRAIN_FLOORS "${PROJECT_BINARY_DIR}/floors")
function(flowtrain_floor floor)
  file(MAKE_DIRECTORY "${FLOWTRAIN_FLOORS}/${floor}")
  foreach(seen IN LISTS ARGN)
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${seen}" "${FLOWTRAIN_FLOORS}/${floor}/${seen}" SYMBOLIC)
  endforeach()
endfunction()
flowtrain_floor(pipeline pipeline)
flowtrain_floor(nodes pipeline nodes)
flowtrain_floor(tools pipeline nodes tools)
flowtrain_floor(python pipeline nodes python)
flowtrain_floor(tests pipeline nodes tools python tests)

function(flowtrain_room_target room out)
  string(REPLACE "/" "_" name "flowtrain_${room}")
  set(${out} "${name}" PARENT_SCOPE)
endfunction()

# Whether one of these libraries and rooms makes its users read libtorch's headers.
function(flowtrain_sees_torch out)
  set(${out} OFF PARENT_SCOPE)
  foreach(library IN LISTS ARGN)
    if(TARGET ${library})
      get_target_property(sees ${library} FLOWTRAIN_SEES_TORCH)
      if(sees OR library STREQUAL "flowtrain::torch")
        set(${out} ON PARENT_SCOPE)
      endif()
    endif()
  endforeach()
endfunction()

function(flowtrain_room room)
  cmake_parse_arguments(ARG "" "BATCH" "FOLDERS;NEEDS;USES;HIDES" ${ARGN})
  flowtrain_room_target(${room} target)
  if(NOT ARG_FOLDERS)
    set(ARG_FOLDERS .)
  endif()
  if(NOT ARG_BATCH)
    set(ARG_BATCH 16)
  endif()
  set(patterns "")
  foreach(folder IN LISTS ARG_FOLDERS)
    list(APPEND patterns "${PROJECT_SOURCE_DIR}/${room}/${folder}/*.cc")
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  list(FILTER sources EXCLUDE REGEX "/tools/main\\.cc$")
  set(needs "")
  get_property(known GLOBAL PROPERTY FLOWTRAIN_ROOMS)
  foreach(need IN LISTS ARG_NEEDS)
    if(NOT need IN_LIST known)
      message(FATAL_ERROR "${room} needs ${need}, which is no room, or one above it")
    endif()
    flowtrain_room_target(${need} need_target)
    list(APPEND needs ${need_target})
  endforeach()

  string(REGEX MATCH "^[a-z]+" floor "${room}")
  add_library(${target} OBJECT ${sources})
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON UNITY_BUILD_BATCH_SIZE ${ARG_BATCH} FLOWTRAIN_NEEDS "${ARG_NEEDS}")
  target_include_directories(${target} PUBLIC "${FLOWTRAIN_FLOORS}/${floor}")
  target_link_libraries(${target} PUBLIC ${needs} ${ARG_USES} PRIVATE ${ARG_HIDES} flowtrain_warnings)
  flowtrain_sees_torch(torch ${ARG_USES} ${needs})
  if(torch)
    set_target_properties(${target} PROPERTIES FLOWTRAIN_SEES_TORCH ON)
    flowtrain_use_torch_headers(${target})
  endif()
  set_property(GLOBAL APPEND PROPERTY FLOWTRAIN_ROOMS ${room})
  list(JOIN ARG_NEEDS " " line)
  set_property(GLOBAL APPEND PROPERTY FLOWTRAIN_ROOM_LINES "${room}: ${line}")
endfunction()

# Links `target` with the named rooms and all that they need: objects reach only a target that names their library.
function(flowtrain_link target)
  set(open ${ARGN})
  set(all "")
  set(torch OFF)
  while(open)
    list(POP_FRONT open room)
    if(NOT room IN_LIST all)
      list(APPEND all ${room})
      flowtrain_room_target(${room} room_target)
      target_link_libraries(${target} PRIVATE ${room_target})
      flowtrain_sees_torch(sees ${room_target})
      if(sees)
        set(torch ON)
      endif()
      get_target_property(needs ${room_target} FLOWTRAIN_NEEDS)
      list(APPEND open ${needs})
    endif()
  endwhile()
  if(torch)
    flowtrain_use_torch_headers(${target})
  endif()
  target_link_libraries(${target} PRIVATE flowtrain_warnings)
endfunction()

# The rooms and their doors, one room per line, for tests/rooms_test.py. Called once, when all rooms are known.
function(flowtrain_write_rooms)
  get_property(lines GLOBAL PROPERTY FLOWTRAIN_ROOM_LINES)
  list(JOIN lines "\n" text)
  file(WRITE "${PROJECT_BINARY_DIR}/rooms.txt" "${text}\n")
endfunction()
