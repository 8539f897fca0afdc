import { connect } from 'node:net'
import { accept } from './websockets.js'
import type { Start } from './target.js'

const FULL = 64 * 1024

/** The plain relay: each line of a TCP service in an envelope, by `ws.send`; each publish written to the service. */
export const start: Start = async ({ backend }) => {
  const port = await accept((ws, socket) => {
    const service = connect({ port: backend, host: '127.0.0.1', noDelay: true })
    let rest = ''
    let started = false
    service.pause()
    service.setEncoding('utf8')
    service.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() as string
      for (const data of lines) ws.send(JSON.stringify([{ channel: '/service/line', data }]))
      if (socket.writableLength > FULL) service.pause()
    })
    socket.on('drain', () => service.resume())
    ws.on('message', (data: Buffer) => {
      const said = JSON.parse(data.toString())
      if (!started) {
        started = true
        ws.send('"subscribed"')
        service.resume()
        if (said.subscribe !== undefined) return
      }
      for (const { channel, data, id } of said) {
        service.write(data + '\n')
        ws.send(JSON.stringify([{ channel, successful: true, id }]))
      }
    })
    ws.on('close', () => service.destroy())
    service.on('error', () => ws.terminate())
  })
  return { port }
}
