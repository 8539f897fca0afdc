import type { Socket } from 'node:net'
import { eventData } from '../payload.js'
import { serverFrame } from './frame.js'
import { accept } from './websockets.js'
import { CHANNEL, type Start } from './target.js'

/** The loop with one frame made once, and written to every socket. */
export const start: Start = async () => {
  const sockets = new Set<Socket>()
  const port = await accept((ws, socket) => {
    ws.on('message', () => {
      sockets.add(socket)
      ws.send('"subscribed"')
    })
  })
  return {
    port,
    publish: number => {
      const frame = serverFrame(JSON.stringify([{ channel: CHANNEL, data: eventData(number) }]))
      for (const socket of sockets) socket.write(frame)
    }
  }
}
