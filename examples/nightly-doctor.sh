#!/bin/sh
# Checks the store, the file, the keys and the gateways, and prints something only where something is wrong. Cron mails what
# a job prints, so this is a mail on trouble and silence otherwise:
#
#   MAILTO=ops@example.com
#   17 5 * * *  nightly-doctor.sh --providers
#
# usage: nightly-doctor.sh [OPTION OF DOCTOR]...
#   --providers  also makes one free call to each gateway, which shows wrong keys and an empty account
set -eu

status=0
found=$(otpctl --no-input doctor --strict --problems "$@" 2>&1) || status=$?
case $status in
  0) exit 0 ;;
  2?) what='the store or a gateway' ;;
  3?) what='the configuration' ;;
  *) what='otpctl itself' ;;
esac
printf '%s: trouble with %s (exit code %s)\n\n%s\n' "$(uname -n)" "$what" "$status" "$found"
exit "$status"
