#!/bin/sh
# Changes the pepper on several hosts without losing a code: every host knows the new one before the first signs with it, and
# none forgets the old one before the last code that it signed has expired.
#
# usage: rotate-pepper.sh begin OLD NEW HOST...    now
#        rotate-pepper.sh finish OLD NEW HOST...   ten minutes later, which is the longest lifetime of a code
#
# OLD and NEW are ids, such as 2026a and 2026b; the pepper of an id is /etc/otpctl/pepper-ID. Each host is reached by ssh, as a
# user who may write /etc/otpctl, and has this in a line of its own in /etc/otpctl/otpctl.toml:
#   peppers = [{ id = "2026a", file = "/etc/otpctl/pepper-2026a" }]
set -eu

step=$1 old=$2 new=$3
shift 3
file=/etc/otpctl/otpctl.toml

on() { # HOST COMMAND: REMOTE is another way to a host, such as a wrapper of ssh.
  ${REMOTE:-ssh} "$1" "$2"
}

entry() { # ID
  printf '{ id = "%s", file = "/etc/otpctl/pepper-%s" }' "$1" "$1"
}

# Changes the line in a copy, and takes the copy only if it is right: a host with a broken file would refuse every command.
peppers() { # HOST LIST
  on "$1" "cp -p $file $file.new && sed 's|^peppers = .*|peppers = [$2]|' $file > $file.new &&
    grep -qxF 'peppers = [$2]' $file.new && otpctl -qq -c $file.new config check && mv $file.new $file" || {
    on "$1" "rm -f $file.new"
    echo "$1: stopped here; $file is as it was" >&2
    exit 1
  }
}

case $step in
  begin)
    pepper=$(head -c 32 /dev/urandom | base64)
    for host in "$@"; do
      # The file gets the owner and the mode of the old one. One that is there is left alone: codes may be signed with it.
      printf '%s\n' "$pepper" | on "$host" "cd /etc/otpctl && test ! -e pepper-$new && cp -p pepper-$old pepper-$new &&
        cat > pepper-$new" || {
        echo "$host: stopped here; if pepper-$new is there from before, take another id" >&2
        exit 1
      }
      peppers "$host" "$(entry "$old"), $(entry "$new")"
    done
    for host in "$@"; do
      peppers "$host" "$(entry "$new"), $(entry "$old")"
    done
    echo "All hosts sign with $new. In ten minutes: $0 finish $old $new $*"
    ;;
  finish)
    for host in "$@"; do
      if ! on "$host" "find $file -mmin +10 | grep -q ."; then
        echo "$host: its file changed in the last ten minutes, so codes of $old may still be live; wait" >&2
        exit 1
      fi
    done
    for host in "$@"; do
      peppers "$host" "$(entry "$new")"
      on "$host" "rm /etc/otpctl/pepper-$old"
    done
    echo "No host knows $old any more."
    ;;
  *)
    echo "usage: $0 begin|finish OLD NEW HOST..." >&2
    exit 2
    ;;
esac
