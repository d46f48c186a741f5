#!/bin/sh
# Moves what the embedded store keeps to a Redis: codes that are live now are accepted there, until they expire, and users,
# locks, limits and timelines are there too.
#
# usage: embedded-to-redis.sh OLD NEW
#   OLD  the configuration file of the embedded store
#   NEW  that of the Redis, with the same peppers under the same ids. An embedded store whose file names none has made its own,
#        beside its database; where NEW lacks it, this stops (30) and says the id to name it by:
#        peppers = [{ id = "own-…", file = "/home/you/.local/state/otpctl/pepper" }]
#
# Run it once, let everything use NEW, and run it again for what was made meanwhile: it copies what is not there yet.
set -eu

old=$1 new=$2

# Whether the Redis is there, takes changes and keeps them, before anything is copied.
otpctl -q --no-input --config "$new" doctor --problems

status=0
otpctl --yes --no-input --config "$old" store copy --to "$new" || status=$?
case $status in
  0) ;;
  19) echo "what is named above is in both stores; it stays in the new one as it is there" >&2 ;;
  20 | 22 | 23) echo "a store was lost on the way; run this again, and it goes on" >&2 ;;
  *) echo "nothing was copied, or not all; the reason is above" >&2 ;;
esac
exit "$status"
