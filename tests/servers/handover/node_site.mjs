// The function of docs/sign-in.md, which is run as it is written, with npm's `jose` and `redis` on a real Redis.
// usage: node_site.mjs REDIS_PORT, with a JSON list of assertions on standard input; prints for each who is signed in, or
// `refused`. The function and jwks.json are in the working folder.
import { text } from 'node:stream/consumers'
import { createClient } from 'redis'
import { userOf } from './node_login.mjs'

// The users are the application's own affair.
const users = ['asha@example.com']
const redis = await createClient({ url: `redis://127.0.0.1:${process.argv[2]}` }).connect()
const answers = []
for (const assertion of JSON.parse(await text(process.stdin))) {
  const user = await userOf(assertion, redis).catch(() => undefined)
  answers.push(users.includes(user) ? user : 'refused')
}
await redis.close()
console.log(JSON.stringify(answers))
