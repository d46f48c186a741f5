#!/bin/sh
# Sends a code to each phone of a file, each once, however often this is started again.
#
# usage: bulk-notice.sh NAME FILE
#   NAME  of this notice, such as relogin-2026-11: a line that was sent under it is not sent again for 24 hours
#   FILE  a phone, `user:ID` or `ph_…` reference a line; empty lines and those that begin with # are skipped
# needs jq. Writes NAME.done, NAME.again and NAME.never
set -eu

name=$1 file=$2

status=0
otpctl --yes --no-input -o jsonl send --from "$file" --idempotency-key "$name" > "$name.results" || status=$?
case $status in
  0 | 19) ;; # All were sent, or some were not: each line has its own exit code.
  *) exit "$status" ;;
esac

# lines CODES: what has one of these exit codes, or with `not` none of them.
lines() {
  jq -r --argjson codes "$1" --arg which "${2:-}" '
    select((.exit as $exit | $codes | index($exit) != null) != ($which == "not")) |
    [.line, .exit, .error.message // empty] | @tsv' "$name.results"
}

lines '[0]' > "$name.done"
# Not sent, and worth another start of this: a limit on sends (13), the store (20, 22), the gateway (26).
lines '[13, 20, 22, 26]' > "$name.again"
# No repeat helps. 27 may have been sent: otpctl inspect says so.
lines '[0, 13, 20, 22, 26]' not > "$name.never"

wc -l "$name.done" "$name.again" "$name.never" >&2
exit "$status"
