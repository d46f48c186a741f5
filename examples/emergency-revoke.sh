#!/bin/sh
# Stops an attack: blocks what is attacked for a day, then cancels every live code. The reason is in the timeline of each
# phone and, where the file has [audit], in the audit.
#
# usage: emergency-revoke.sh REASON [PHONE|PREFIX|COUNTRY]...
#   such as: emergency-revoke.sh 'ticket 4711: SMS pumping' +9198765 LV
# OTPCTL_CONFIG or OTPCTL_PROFILE names the file, which a protected one needs.
set -eu

OTPCTL_REASON=$1
export OTPCTL_REASON
shift

# The blocks come first: otherwise codes would be sent behind the revocation.
for target in "$@"; do
  otpctl --yes --no-input policy block "$target" --until 24h
done

status=0
otpctl --yes --no-input revoke --all || status=$?
case $status in
  0) ;;
  19) echo "some codes still work: they are named above; otpctl store check says why" >&2 ;;
  20 | 22) echo "the store is not there: no code was canceled; run this again" >&2 ;;
  *) echo "codes may still work; run this again" >&2 ;;
esac

echo "To undo a block: otpctl policy remove PHONE|PREFIX|COUNTRY" >&2
exit "$status"
