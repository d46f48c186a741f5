#!/bin/sh
# Sends a code to each phone of a file, each once, however often this is started again: after it was killed, after the machine
# lost power, or to send what could not be sent before.
#
# usage: bulk-notice.sh NAME FILE
#   NAME  of this notice, such as relogin-2026-11
#   FILE  a phone, `user:ID` or `ph_…` reference a line; or CSV or JSON Lines with options for each line
# needs jq. Keeps NAME.checkpoint and NAME.results, and writes NAME.done, NAME.again and NAME.never.
set -eu

name=$1 file=$2

# Eight at once, and no more after a hundred failures: something is wrong then that each further line would meet too.
status=0
otpctl --yes --no-input -o jsonl send --from "$file" --checkpoint "$name.checkpoint" \
  --concurrency 8 --max-errors 100 >> "$name.results" || status=$?
case $status in
  2 | 15) exit "$status" ;; # Nothing was begun: another file under this name, or it is running already.
  *) ;;                     # Each line that was begun has its own result.
esac

# lines CODES: what ended with one of these exit codes the last time; with `not`, with none of them.
lines() {
  jq -nr --argjson codes "$1" --arg which "${2:-}" '
    reduce inputs as $row ({}; .[$row.line_number | tostring] = [$row.line, $row.exit, $row.error.message // empty]) |
    .[] | select((.[1] as $exit | $codes | index($exit) != null) != ($which == "not")) | @tsv' "$name.results"
}

# These are tried again when this is started again: limits, the store, the gateway, the configuration.
again='12, 13, 20, 21, 22, 26, 28, 30, 31, 32'
lines '[0]' > "$name.done"
lines "[$again]" > "$name.again"
# No repeat helps. 27 may have been sent: otpctl inspect says so.
lines "[0, $again]" not > "$name.never"

wc -l "$name.done" "$name.again" "$name.never" >&2
exit "$status"
