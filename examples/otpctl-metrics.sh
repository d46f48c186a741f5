#!/bin/sh
# Writes numbers for Prometheus, to a file that the textfile collector of node_exporter reads: what happened to codes in the
# last hour, and each check of `doctor`. Run it once a minute.
#
# usage: otpctl-metrics.sh FILE      such as /var/lib/prometheus/node-exporter/otpctl.prom
# needs jq
set -eu

file=$1
new=$file.$$
trap 'rm -f "$new"' EXIT

# Where the store is down there are no numbers, and the checks say so.
otpctl -q --no-input stats --since 1h --prometheus > "$new" || : > "$new"

status=0
report=$(otpctl --json --no-input --timeout 30s doctor 2>/dev/null) || status=$?
{
  echo '# HELP otpctl_doctor_exit The exit code of otpctl doctor; 0 means that nothing failed.'
  echo '# TYPE otpctl_doctor_exit gauge'
  echo "otpctl_doctor_exit $status"
  echo '# HELP otpctl_check 1 where a check of otpctl doctor is ok, 0 where it is not.'
  echo '# TYPE otpctl_check gauge'
  printf '%s\n' "$report" |
    jq -r '.checks[] | "otpctl_check{id=\(.id | tojson),status=\(.status | tojson)} \(if .status == "ok" then 1 else 0 end)"'
} >> "$new"

# The collector never sees half of it.
chmod 644 "$new"
mv "$new" "$file"
