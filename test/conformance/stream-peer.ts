import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Peer, Publish } from './peer.js'

/** A peer that speaks in bytes, a message a line. */
export class StreamPeer implements Peer {
  readonly heard: string[] = []
  ended = false
  failed: Error | null = null
  lingers = false
  readonly #stream: Duplex
  readonly #reset: ((publish: Publish) => unknown) | undefined
  #rest = ''

  /** @param reset breaks the connection; some can only with unread data */
  constructor (stream: Duplex, reset?: (publish: Publish) => unknown) {
    this.#stream = stream
    this.#reset = reset
    stream.on('data', data => this.#hear(String(data)))
    stream.on('error', error => { this.failed = error })
    stream.on('end', () => {
      this.ended = true
      if (!this.lingers) stream.end()
    })
  }

  #hear (text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    this.heard.push(...lines)
  }

  say (message: string): Promise<unknown> {
    return this.write(Buffer.from(message + '\n'))
  }

  async write (bytes: Buffer): Promise<unknown> {
    const stopped = new AbortController()
    const { signal } = stopped
    if (this.#stream.write(bytes) || this.#stream.destroyed) return
    await Promise.race([once(this.#stream, 'drain', { signal }), once(this.#stream, 'close', { signal })]).finally(() => stopped.abort())
  }

  flood (size: number): void {
    this.#stream.write('x'.repeat(size))
  }

  end (last: string): void {
    this.#stream.end(last)
  }

  break (publish: Publish): unknown {
    return this.#reset === undefined ? this.#stream.destroy(new Error('broken on purpose')) : this.#reset(publish)
  }

  pause (): void {
    this.#stream.pause()
  }

  resume (): void {
    this.#stream.resume()
  }
}
