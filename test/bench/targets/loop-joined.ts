import type { Socket } from 'node:net'
import { eventData } from '../payload.js'
import { Corked, serverFrame } from './frame.js'
import { accept } from './websockets.js'
import { CHANNEL, type Start } from './target.js'

/**
 * The loop that joins: the frames of one turn are made once, joined once, and written to every socket
 * in one write; the answers to publishes of one turn likewise.
 */
export const start: Start = async () => {
  const sockets = new Set<Socket>()
  let frames: Buffer[] = []
  const port = await accept((ws, socket) => {
    const corked = new Corked(socket)
    ws.on('message', (data: Buffer) => {
      const said = JSON.parse(data.toString())
      if (said.subscribe !== undefined) {
        sockets.add(socket)
        ws.send('"subscribed"')
      } else for (const { channel, id } of said) corked.write(serverFrame(JSON.stringify([{ channel, successful: true, id }])))
    })
  })
  return {
    port,
    publish: number => {
      if (frames.length === 0) {
        setImmediate(() => {
          const bytes = Buffer.concat(frames)
          frames = []
          for (const socket of sockets) socket.write(bytes)
        })
      }
      frames.push(serverFrame(JSON.stringify([{ channel: CHANNEL, data: eventData(number) }])))
    }
  }
}
