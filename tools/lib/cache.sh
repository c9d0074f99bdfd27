# Where a user's downloads are kept, for all checkouts.
# shellcheck shell=bash

# Prints the folder: in $XDG_CACHE_HOME or ~/.cache. A user without a home that can be written to (a service, a
# container with another user's number) has one in the checkout instead.
cache_folder() {
  local home=${HOME:-} folder
  # A relative path counts for nothing, as the XDG specification has it.
  if [[ ${XDG_CACHE_HOME:-} = /* ]]; then
    echo "$XDG_CACHE_HOME/flowtrain"
    return
  fi
  [ -n "$home" ] || home=$(getent passwd "$(id -u)" | cut -d: -f6) || true
  folder=${home%/}/.cache/flowtrain
  if [ -e "$folder" ] || [ -z "${FLOWTRAIN_ROOT:-}" ] || can_make "$folder"; then
    echo "$folder"
  else
    echo "$FLOWTRAIN_ROOT/build/cache"
  fi
}

# can_make FOLDER: whether it is there, or could be, and may be written to.
can_make() {
  local folder=$1
  until [ -e "$folder" ]; do folder=$(dirname "$folder"); done
  [ -d "$folder" ] && [ -w "$folder" ]
}
