/**
 * Extensions: an own one that refuses bad words and puts the name of the server on everything that leaves,
 * and two that come with the library: the time on every message, and the end of clients that do nothing.
 *
 *     npm run build && node dist/example/extension.js
 *     curl --json '[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]' \
 *       http://localhost:3000/realtime     # … "ext":{"server":"…"},"timestamp":"…"
 */
import { hostname } from 'node:os'
import Fastify from 'fastify'
import realtime, { activity, timestamp, type Extension } from 'fastify-bayeux'

const BAD = /\b(?:darn|heck)\b/i
const ext = { server: hostname() }

const polite: Extension = {
  name: 'polite',
  incoming (message) {
    if ('data' in message && BAD.test(JSON.stringify(message.data))) return '403::Mind your language'
  },
  // An event is shared by all who receive it: a copy goes out, the original is left as it is.
  outgoing: message => ({ ...message, ext: { ...message.ext, ...ext } })
}

const app = Fastify()
await app.register(realtime, {
  extensions: [polite, timestamp(), activity({ maxIdle: Number(process.env.MAX_IDLE ?? 600_000) })]
})

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
