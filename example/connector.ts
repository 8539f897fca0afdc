/**
 * A connector of one's own, in a few lines: any Duplex is a service. This one is a clock in memory, in object
 * mode: its messages are boxed as `{ data }`, both ways. Who subscribes to `/service/clock` gets the time each
 * second, and who publishes a time zone to it gets the time there from then on.
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

const clock: Connector = ({ every }) => {
  let format = clockOf('UTC')
  let timer: NodeJS.Timeout
  return new Duplex({
    objectMode: true,
    read () { timer = setTimeout(() => this.push({ data: format.format() }), Number(every)) },
    write ({ data }, _encoding, done) {
      try { format = clockOf(data); done() } catch (error) { done(error as Error) }   // no time zone: the client is told that its service broke
    },
    final (done) { this.destroy(); done() },   // the client left
    destroy (error, done) { clearTimeout(timer); done(error) }
  })
}

const app = Fastify()
await app.register(realtime, {
  connectors: { clock },
  services: { clock: { type: 'clock', every: 1000, encoding: 'none' } }
})

console.log(`Gateway: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/realtime`)
