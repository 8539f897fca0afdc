import { connect, type Socket } from 'node:net'
import { clientFrame, FrameReader } from './frames.js'
import type { Receiver } from '../marks.js'

const PATIENCE = 15_000

/**
 * A WebSocket of a raw socket. It reads texts one by one until a run begins; from then on a receiver
 * sees the bytes as they come.
 */
export class LoadSocket {
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #texts: string[] = []
  #waiting: ((text: string) => void) | null = null
  #receiver: Receiver | null = null
  /** Answers a text at once: heartbeats. @returns whether it was one */
  onText: ((text: string) => boolean) | null = null

  private constructor (socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#data(chunk))
  }

  /** Opens a WebSocket. */
  static open (port: number, path: string, headers: readonly string[] = []): Promise<LoadSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      socket.once('error', reject)
      socket.once('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${headers.map(header => header + '\r\n').join('')}\r\n`))
      let head = Buffer.alloc(0)
      const onData = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk])
        const end = head.indexOf('\r\n\r\n')
        if (end === -1) return
        socket.off('data', onData)
        if (!head.subarray(0, 20).toString().includes(' 101 ')) return reject(new Error(`no upgrade: ${head.subarray(0, end)}`))
        socket.off('error', reject)
        socket.on('error', () => {})
        const opened = new LoadSocket(socket)
        if (head.length > end + 4) opened.#data(head.subarray(end + 4))
        resolve(opened)
      }
      socket.on('data', onData)
    })
  }

  #data (chunk: Buffer): void {
    if (this.#receiver !== null) {
      this.#receiver.see(chunk)
      return
    }
    for (const { opcode, payload } of this.#frames.push(chunk)) {
      if (opcode === 9) this.#socket.write(clientFrame(payload, 10))
      if (opcode !== 1) continue
      const text = payload.toString()
      if (this.onText?.(text) === true) continue
      if (this.#waiting === null) this.#texts.push(text)
      else this.#waiting(text)
    }
  }

  /** The next text that a test picks; others are passed over. */
  async text (pick: (text: string) => boolean): Promise<string> {
    for (;;) {
      const text = this.#texts.shift() ?? await this.#next()
      if (pick(text)) return text
    }
  }

  #next (): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), PATIENCE)
      this.#waiting = text => {
        clearTimeout(timer)
        this.#waiting = null
        resolve(text)
      }
    })
  }

  say (text: string): void {
    this.#socket.write(clientFrame(text))
  }

  /** Writes frames that were made before. */
  write (frames: Buffer): void {
    this.#socket.write(frames)
  }

  /** From here on all that comes is only counted. */
  count (receiver: Receiver): void {
    this.#receiver = receiver
  }

  close (): void {
    this.#socket.destroy()
  }
}
