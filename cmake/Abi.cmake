# Writes a header with FLOWTRAIN_ABI, the version and a checksum of all headers that a plug-in may include, where it
# differs from what is there: a plug-in fits the program whose headers it was built with, to the byte.
#   cmake -DSOURCES=FOLDER -DVERSION=0.1.0 -DHEADER=FILE -P Abi.cmake
file(GLOB_RECURSE headers RELATIVE "${SOURCES}"
  "${SOURCES}/pipeline/base/*.h" "${SOURCES}/pipeline/config/*.h" "${SOURCES}/pipeline/node/*.h" "${SOURCES}/nodes/*.h")
list(SORT headers)
set(sums "")
foreach(header IN LISTS headers)
  file(SHA256 "${SOURCES}/${header}" sum)
  string(APPEND sums "${header} ${sum}\n")
endforeach()
string(SHA256 sum "${sums}")
string(SUBSTRING "${sum}" 0 12 sum)
set(text "// Written by the build.\n#define FLOWTRAIN_ABI \"${VERSION} (headers ${sum})\"\n")
file(CONFIGURE OUTPUT "${HEADER}" CONTENT "${text}" @ONLY)  # writes only what differs
