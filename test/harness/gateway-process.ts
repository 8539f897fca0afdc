/** The program of a gateway in a process of its own: options and port come as its argument, `ready` goes to its parent. */
import Fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import realtime from '../../lib/index.js'

const { options, port } = JSON.parse(process.argv[2] as string)
const app = Fastify()
await app.register(realtime, options)
await app.listen({ port, host: '127.0.0.1' })
// Nobody is left who could stop it.
process.on('disconnect', () => process.exit(0))
process.send?.({ port: (app.server.address() as AddressInfo).port })
