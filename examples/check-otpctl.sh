#!/bin/sh
# A plugin for Nagios, Icinga and what understands their plugins: one line on what is wrong, then all of it, and the exit status
# 0 (ok), 1 (warning), 2 (critical) or 3 (unknown).
#
# usage: check-otpctl.sh [OPTION OF DOCTOR]...
# needs jq
set -eu

status=0
report=$(otpctl --json --no-input --timeout 30s doctor "$@" 2>/dev/null) || status=$?
# `doctor` prints its document whatever it finds. Without one it did not run.
if [ -z "$report" ]; then
  echo "OTPCTL UNKNOWN - doctor ended with $status"
  exit 3
fi

count() { printf '%s\n' "$report" | jq --arg status "$1" '[.checks[] | select(.status == $status)] | length'; }
fail=$(count fail) warn=$(count warn)
if [ "$fail" -gt 0 ]; then
  word=CRITICAL code=2
elif [ "$warn" -gt 0 ]; then
  word=WARNING code=1
else
  word=OK code=0
fi

first=$(printf '%s\n' "$report" |
  jq -r '[.checks[] | select(.status == "fail")] + [.checks[] | select(.status == "warn")] |
    if length == 0 then "everything that send and verify need is there" else .[0] | "\(.id): \(.detail)" end')
# Nagios reads what follows a bar as numbers.
printf 'OTPCTL %s - %s | fail=%s warn=%s\n' "$word" "$(printf %s "$first" | tr '|' '/')" "$fail" "$warn"
printf '%s\n' "$report" | jq -r '.checks[] | select(.status != "ok") | "\(.status) \(.id): \(.detail)"' | tr '|' '/'
exit "$code"
