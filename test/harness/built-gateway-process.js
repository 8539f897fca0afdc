/** As gateway-process.ts, with what was built: nothing is compiled, so it starts at once. */
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const { options, port } = JSON.parse(process.argv[2])
const app = Fastify()
await app.register(realtime, options)
await app.listen({ port, host: '127.0.0.1' })
process.on('disconnect', () => process.exit(0))
process.send({ port: app.server.address().port })
