import { connect } from 'node:net'
import { Corked, serverFrame } from './frame.js'
import { accept } from './websockets.js'
import type { Start } from './target.js'

const FULL = 64 * 1024

/** The relay that joins: the lines of one read become frames in one write, and so does what one turn brings. */
export const start: Start = async ({ backend }) => {
  const port = await accept((ws, socket) => {
    const service = connect({ port: backend, host: '127.0.0.1', noDelay: true })
    const down = new Corked(socket)
    const up = new Corked(service)
    let rest = ''
    let started = false
    service.pause()
    service.setEncoding('utf8')
    service.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() as string
      if (lines.length > 0) down.write(framesOf(lines))
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
        up.write(Buffer.from(data + '\n'))
        down.write(serverFrame(JSON.stringify([{ channel, successful: true, id }])))
      }
    })
    ws.on('close', () => service.destroy())
    service.on('error', () => ws.terminate())
  })
  return { port }
}

const PLAIN = /^[\x00-\x7f]*$/ // eslint-disable-line no-control-regex

// One string of all frames where the text is ASCII and each is short, which costs a tenth of frames one by one.
function framesOf (lines: readonly string[]): Buffer {
  const texts = lines.map(data => '[{"channel":"/service/line","data":' + JSON.stringify(data) + '}]')
  let all = ''
  for (const text of texts) {
    if (text.length > 0xffff) return Buffer.concat(texts.map(serverFrame))
    all += text.length < 126
      ? '\x81' + String.fromCharCode(text.length) + text
      : '\x81\x7e' + String.fromCharCode(text.length >> 8, text.length & 0xff) + text
  }
  return lines.every(line => PLAIN.test(line)) ? Buffer.from(all, 'latin1') : Buffer.concat(texts.map(serverFrame))
}
