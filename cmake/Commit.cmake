# Writes the commit of the sources to a header, where it differs from what is there: a build without a new commit
# compiles nothing. Empty without git, or where the sources are not a checkout of their own (a tarball).
#   cmake -DSOURCES=FOLDER -DHEADER=FILE -P Commit.cmake
function(git out)
  execute_process(COMMAND git --no-optional-locks -C "${SOURCES}" ${ARGN}
    OUTPUT_VARIABLE text RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(failed)
    set(text "")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

set(commit "")
if(EXISTS "${SOURCES}/.git")
  git(commit rev-parse --short=12 HEAD)
  git(changes status --porcelain --untracked-files=no)
  if(commit AND changes)
    string(APPEND commit " with changes")
  endif()
endif()
set(text "#define FLOWTRAIN_COMMIT \"${commit}\"\n")
file(CONFIGURE OUTPUT "${HEADER}" CONTENT "${text}" @ONLY)  # writes only what differs
