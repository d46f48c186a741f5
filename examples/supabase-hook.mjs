#!/usr/bin/env node
// Supabase's Send SMS hook: checks the signature, and sends the code by otpctl.
//
// Needs npm's `standardwebhooks`, the secret of the hook in SEND_SMS_HOOK_SECRET, and TLS in front of it. Supabase waits
// 5 seconds, and shows the `error` of an answer to the customer. It may post twice: the idempotency key makes that one SMS.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

const hook = new Webhook(process.env.SEND_SMS_HOOK_SECRET.replace('v1,', ''))
const refusals = { 2: [400, 'That is no phone number.'], 13: [429, 'Try again later.'], 16: [403, 'We cannot send to this number.'] }

createServer(async (request, response) => {
  const body = await text(request)
  try { hook.verify(body, request.headers) } catch { return response.writeHead(401).end() }
  const { user, sms, metadata } = JSON.parse(body)
  const phone = `tel:+${(sms.phone || user.phone).replace('+', '')}`
  const key = metadata?.uuid ?? request.headers['webhook-id']
  const send = spawn('otpctl', ['deliver', phone, '--ttl', '1m', '--timeout', '4s', '--idempotency-key', key])
  send.stdin.end(sms.otp)
  const [exit] = await once(send, 'close')
  const [http_code, message] = refusals[exit] ?? [500, 'The code was not sent.']
  response.end(JSON.stringify(exit === 0 ? {} : { error: { http_code, message } }))
}).listen(process.env.PORT ?? 8787, '127.0.0.1')
