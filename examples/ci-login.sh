#!/bin/sh
# Logs in with a code in CI, without a phone: the SMS goes to a file, from which the code is read.
#
# usage: OUTBOX=FILE ci-login.sh PHONE COMMAND...
#   OUTBOX   the `path` of the provider `outbox` in the configuration, which OTPCTL_PROFILE or OTPCTL_CONFIG names
#   PHONE    a number for this job alone: limits are counted by number
#   COMMAND  logs in to your application; it gets the code on standard input
# needs jq
set -eu

phone=$1
shift

# "No" and "out of order" are different ends of a job: the second is worth a repeat, the first is not.
status=0
sent=$(otpctl --json --no-input send "$phone") || status=$?
case $status in
  0) ;;
  20 | 22 | 26) echo "otpctl: out of order ($status), and nothing was sent; repeat the job" >&2 && exit "$status" ;;
  *) exit "$status" ;; # The reason is on stderr.
esac

# Other jobs may write to the same file, so the code is found by its id and not by its place.
id=$(printf '%s\n' "$sent" | jq -r .challenge_id)
jq -r --arg id "$id" 'select(.challenge_id == $id) | .code' "$OUTBOX" | "$@"

# The command may end well without having asked for the code. It was used (0), or it was not (18).
otpctl -qq wait "$id" --for verified --timeout 5s || {
  status=$?
  echo "the application did not use the code ($status)" >&2
  exit "$status"
}
