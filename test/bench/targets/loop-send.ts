import type { WebSocket } from 'ws'
import { eventData } from '../payload.js'
import { accept } from './websockets.js'
import { CHANNEL, type Start } from './target.js'

/** The plain loop: `ws.send` of one text to every socket, and an answer to each publish. */
export const start: Start = async () => {
  const sockets = new Set<WebSocket>()
  const port = await accept(ws => {
    ws.on('message', (data: Buffer) => {
      const said = JSON.parse(data.toString())
      if (said.subscribe !== undefined) {
        sockets.add(ws)
        ws.send('"subscribed"')
      } else for (const { channel, id } of said) ws.send(JSON.stringify([{ channel, successful: true, id }]))
    })
  })
  return {
    port,
    publish: number => {
      const text = JSON.stringify([{ channel: CHANNEL, data: eventData(number) }])
      for (const ws of sockets) ws.send(text)
    }
  }
}
