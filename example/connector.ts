/**
 * A connector of one's own: any Duplex is a service. This one is a clock in memory. Who subscribes to
 * `/service/clock` gets a line now and then, and who publishes a time zone to it gets its time from then on.
 *
 *     npm run build && node dist/example/connector.js
 *
 * In the console of a browser, on http://localhost:3000/realtime:
 *
 *     ws = new WebSocket('ws://localhost:3000/realtime'); ws.onmessage = ({ data }) => console.log(data)
 *     ws.send('[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}]')
 *     clientId = '…'   // as the reply says
 *     say = message => ws.send(JSON.stringify([{ clientId, ...message }]))
 *     say({ channel: '/meta/connect', connectionType: 'websocket' })
 *     say({ channel: '/meta/subscribe', subscription: '/service/clock' })
 *     say({ channel: '/service/clock', data: 'Asia/Kolkata' })
 */
import { Duplex } from 'node:stream'
import Fastify from 'fastify'
import realtime, { type Connector } from 'fastify-bayeux'

const clockOf = (timeZone: string) => new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'long' })

const clock: Connector = service => {
  const { every } = service as { every?: number }
  let format = clockOf('UTC')
  let wanted = false
  const timer = setInterval(() => {
    if (wanted) wanted = stream.push(`${format.format(new Date())}\n`)
  }, every)
  const stream = new Duplex({
    read () { wanted = true },
    write (chunk, _encoding, done) {
      try {
        format = clockOf(String(chunk).trim())
        done()
      } catch (error) {
        done(error as Error)   // not a time zone: the client is told that its service broke
      }
    },
    final (done) {   // the client left
      stream.destroy()
      done()
    },
    destroy (error, done) {
      clearInterval(timer)
      done(error)
    }
  })
  return stream
}

const app = Fastify()
await app.register(realtime, {
  connectors: { clock },
  services: { clock: { type: 'clock', every: 1000, framing: 'lines' } }
})

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
