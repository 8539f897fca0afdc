import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { WebSocket } from 'ws'
import type { Start } from './target.js'

/** WebSockets of @fastify/websocket that do nothing but answer a ping now and then. */
export const start: Start = async ({ heartbeat }) => {
  const app = Fastify()
  const sockets = new Set<WebSocket>()
  await app.register(websocket)
  app.get('/', { websocket: true }, ws => {
    sockets.add(ws)
    ws.on('message', () => ws.send('"subscribed"'))
    ws.on('close', () => sockets.delete(ws))
  })
  setInterval(() => {
    for (const ws of sockets) ws.ping()
  }, heartbeat).unref()
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port }
}
