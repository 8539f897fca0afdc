import { connect, type Socket } from 'node:net'

/** A response: its head, and its body where it is asked for. */
export interface Response {
  readonly head: string
  readonly body: string
}

/** One kept-alive connection that sends requests made before, one at a time, and reads as little as it can. */
export class HttpConnection {
  readonly #socket: Socket
  #bytes: Buffer[] = []
  #length = 0
  // Bytes of the response in all, once its head is known; -1: chunked, NaN: not known yet.
  #whole = NaN
  #done: ((response: Response) => void) | null = null
  /** Sees the bytes as they come. */
  onChunk: ((chunk: Buffer) => void) | null = null

  private constructor (socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#data(chunk))
    socket.on('error', () => {})
  }

  static open (port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new HttpConnection(socket)))
      socket.setNoDelay(true)
      socket.once('error', reject)
    })
  }

  /** Sends a request, and calls back with its response. */
  send (request: Buffer, done: (response: Response) => void): void {
    this.#bytes = []
    this.#length = 0
    this.#whole = NaN
    this.#done = done
    this.#socket.write(request)
  }

  request (request: Buffer): Promise<Response> {
    return new Promise(resolve => this.send(request, resolve))
  }

  #data (chunk: Buffer): void {
    this.onChunk?.(chunk)
    this.#bytes.push(chunk)
    this.#length += chunk.length
    if (Number.isNaN(this.#whole)) this.#readHead()
    if (this.#whole === -1 ? this.#ended(chunk) : this.#length >= this.#whole) this.#finish()
  }

  #readHead (): void {
    const bytes = this.#all()
    const end = bytes.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = /content-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1]
    this.#whole = length === undefined ? -1 : end + 4 + Number(length)
  }

  // The last chunk of a chunked body may be cut anywhere.
  #ended (chunk: Buffer): boolean {
    const bytes = chunk.length < 7 ? this.#all() : chunk
    return bytes.toString('latin1', Math.max(0, bytes.length - 7)).endsWith('0\r\n\r\n')
  }

  #all (): Buffer {
    return this.#bytes.length === 1 ? this.#bytes[0] as Buffer : Buffer.concat(this.#bytes)
  }

  #finish (): void {
    const done = this.#done
    const bytes = this.#all()
    this.#done = null
    done?.({
      get head () { return bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n')) },
      get body () { return bytes.toString('utf8', bytes.indexOf('\r\n\r\n') + 4) }
    })
  }

  close (): void {
    this.#socket.destroy()
  }
}

/** A request as bytes. */
export function request (method: 'GET' | 'POST', path: string, body: string = '', headers: readonly string[] = []): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers]
  if (method === 'POST') lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`)
  return Buffer.from(lines.join('\r\n') + '\r\n\r\n' + body)
}
