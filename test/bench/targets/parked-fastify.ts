import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyReply } from 'fastify'
import { Parking } from './parking.js'
import type { Start } from './target.js'

/** Polls parked on a Fastify route; another route takes publishes and answers each. */
export const start: Start = async () => {
  const app = Fastify()
  const answer = (reply: FastifyReply, text: string) => { reply.type('application/json; charset=utf-8').header('cache-control', 'no-store').send(text) }
  const parking = new Parking<FastifyReply>(answer)
  app.post<{ Body: [{ clientId: string }] }>('/poll', (request, reply) => {
    parking.park(request.body[0].clientId, reply)
  })
  app.post<{ Body: [{ clientId: string }] }>('/subscribe', async request => {
    parking.open(request.body[0].clientId)
    return []
  })
  app.post<{ Body: { channel: string, id: string }[] }>('/publish', (request, reply) => {
    answer(reply, JSON.stringify(request.body.map(({ channel, id }) => ({ channel, successful: true, id }))))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, publish: number => parking.publish(number) }
}
