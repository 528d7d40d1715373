#!/bin/bash
# Stands for `passage` (https://github.com/FiloSottile/passage), of which Debian has no package: its command line, its files and
# its messages, around the real age. What it does not know it refuses, so that nothing is passed on unseen.
umask 077
store=${PASSAGE_DIR:-$HOME/.passage/store}
identities=${PASSAGE_IDENTITIES_FILE:-$HOME/.passage/identities}
die() { echo "$@" >&2; exit 1; }
sneaky() { case /$1/ in */../*) die "Error: You've attempted to pass a sneaky path to passage. Go home." ;; esac; }
# The nearest file of recipients above the entry, else the identities themselves.
recipients() {
  local dir
  dir=$(dirname "$store/$1")
  while [ "$dir" != / ] && [ ! -f "$dir/.age-recipients" ] && [ "$dir" != "$store" ]; do dir=${dir%/*}; done
  if [ -f "$dir/.age-recipients" ]; then to=(-R "$dir/.age-recipients"); else to=(-i "$identities"); fi
}

command=$1
shift
parsed=$(getopt -o mfr -l multiline,force,recursive -n passage -- "$@") || exit 1
eval set -- "$parsed"
multiline=0 force=0
while [ "$1" != -- ]; do
  case $1 in
    -m|--multiline) multiline=1 ;;
    -f|--force) force=1 ;;
  esac
  shift
done
shift
[ $# = 1 ] || die "Usage: passage $command pass-name"
sneaky "$1"
file=$store/$1.age
case $command in
  show)
    [ -f "$file" ] || die "Error: $1 is not in the passage store."
    age -d -i "$identities" "$file" || exit $?
    ;;
  insert)
    [ $multiline$force = 11 ] || die "Usage: passage insert [--echo,-e | --multiline,-m] [--force,-f] pass-name"
    mkdir -p "$(dirname "$file")"
    recipients "$1"
    echo "Enter contents of $1 and press Ctrl+D when finished:"
    echo
    age -e "${to[@]}" -o "$file" || die "Password encryption aborted."
    ;;
  rm)
    [ -f "$file" ] || die "Error: $1 is not in the passage store."
    rm -f -v "$file"
    rmdir -p "$(dirname "$file")" 2>/dev/null
    [ -d "$store" ] || mkdir -p "$store"
    ;;
  *) die "passage: unknown command" ;;
esac
