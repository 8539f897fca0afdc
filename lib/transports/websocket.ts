import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Caller, Carried, CloseReason, Connection } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { decode, Undecodable } from '../protocol/codec.js'
import { spellArray } from '../protocol/dialect.js'
import { Outgoing } from '../protocol/outgoing.js'
import { Few } from '../broker/few.js'
import { spellBytes, spellTexts } from './outgoing-frames.js'
import { textFrame, textFrames } from './frame.js'

const closeCodes: Readonly<Record<CloseReason, number>> = {
  disconnected: 1000,
  unused: 1000,
  shutdown: 1001,
  overflow: 1013,
  'taken over': 4000
}

// How long a client may take to answer a close frame, and to answer when somebody claims its session.
const CLOSE_WAIT = 5000
const PROBE_WAIT = 3000

/**
 * A WebSocket as a connection. Frames are made here and written to the socket itself, so that what leaves
 * in one tick is one write and a broadcast's frame is made once; `ws` reads, and writes its own control frames.
 */
export class WebSocketConnection implements Connection {
  readonly caller: Caller
  readonly pushes = true
  bare = false
  open = true
  readonly sessions = new Few<Carried>()
  readonly #broker: Broker
  readonly #ws: WebSocket
  /** Null where frames cannot go to the socket: compression was negotiated, or there is no socket (injectWS). */
  readonly #socket: Socket | null
  #paused = false
  #received = 0
  // Liveness: what had moved when we last looked, when that was, and when we asked.
  #moved = 0
  #movedAt = performance.now()
  #pingedAt = 0
  #usedAt = performance.now()

  constructor (broker: Broker, ws: WebSocket, socket: Socket | undefined, caller: Caller) {
    this.caller = caller
    this.#broker = broker
    this.#ws = ws
    this.#socket = socket instanceof Object && ws.extensions === '' && typeof socket.bytesRead === 'number' ? socket : null
    ws.on('message', (data: Buffer, binary: boolean) => this.#receive(data, binary))
    ws.on('close', () => this.#gone())
    this.#socket?.on('drain', () => this.#flush())
  }

  #receive (data: Buffer, binary: boolean): void {
    if (!this.open) return
    this.#received++
    if (binary) return this.#hangUp(1003, 'Text frames only')
    if (data.length > this.#broker.limits.websocketMessage) return this.#hangUp(1009, 'Message too large')
    const batch = decode(data.toString('utf8'), this.#broker.limits)
    if (!(batch instanceof Undecodable)) {
      this.bare = batch.bare
      this.#broker.receive(batch, this)
    } else if (batch.garbage) this.#hangUp(1007, batch.error)
    else this.send([Outgoing.reply({ successful: false, error: batch.error })], '')
  }

  get waiting (): number {
    return this.#socket?.writableLength ?? this.#ws.bufferedAmount
  }

  send (messages: readonly Outgoing[], clientId: string, _slot: number = 0, whole: boolean = false): void {
    if (!this.open) return
    if (this.#socket === null) {
      for (const text of whole && !this.bare ? [spellArray(messages)] : spellTexts(messages, clientId, this.bare)) this.#ws.send(text, () => this.#flush())
    } else if (this.bare) {
      this.#socket.write(textFrames(spellTexts(messages, clientId, true)))
    } else {
      this.#socket.write(whole ? textFrame(spellArray(messages)) : spellBytes(messages))
    }
  }

  #flush (): void {
    for (const session of this.sessions) session.flush()
  }

  probe (): Promise<boolean> {
    return new Promise(resolve => {
      if (!this.open) return resolve(false)
      const settle = (alive: boolean) => {
        clearTimeout(timeout)
        this.#ws.off('pong', answered)
        this.#ws.off('close', closed)
        resolve(alive)
      }
      const answered = () => settle(true)
      const closed = () => settle(false)
      const timeout = setTimeout(closed, PROBE_WAIT)
      this.#ws.once('pong', answered)
      this.#ws.once('close', closed)
      this.#ws.ping()
    })
  }

  /** Pings a client that has been silent, cuts one that does not answer, and closes what no session uses. Called now and then. */
  watch (now: number): void {
    const { websocketSilence, websocketPong, handshakeWithoutConnect } = this.#broker.limits
    if (this.sessions.size > 0) this.#usedAt = now
    else if (now - this.#usedAt >= handshakeWithoutConnect) return this.close('unused')
    const moved = this.#pingedAt === 0 ? this.#movedBytes() : this.#receivedBytes()
    if (moved !== this.#moved || this.#paused) {
      this.#pingedAt = 0
      this.#moved = this.#movedBytes()
      this.#movedAt = now
    } else if (this.#pingedAt > 0) {
      if (now - this.#pingedAt >= websocketPong) this.#cut()
    } else if (now - this.#movedAt >= websocketSilence) {
      this.#pingedAt = now
      // From here on only what the client sends counts.
      this.#moved = this.#receivedBytes()
      this.#ws.ping()
    }
  }

  #cut (): void {
    this.#broker.counters.closeSocket(1006)
    this.#ws.terminate()
  }

  #receivedBytes (): number {
    return this.#socket?.bytesRead ?? this.#received
  }

  #movedBytes (): number {
    const socket = this.#socket
    return socket === null ? this.#received : socket.bytesRead + socket.bytesWritten - socket.writableLength
  }

  pause (): void {
    if (this.#paused) return
    this.#paused = true
    this.#ws.pause()
  }

  resume (): void {
    if (!this.#paused) return
    this.#paused = false
    this.#ws.resume()
  }

  close (reason: CloseReason): void {
    this.#hangUp(closeCodes[reason], reason)
  }

  #hangUp (code: number, reason: string): void {
    if (!this.open) return
    this.#broker.counters.closeSocket(code)
    this.#gone()
    this.resume()
    this.#ws.close(code, reason)
    const timeout = setTimeout(() => this.#ws.terminate(), CLOSE_WAIT).unref()
    this.#ws.once('close', () => clearTimeout(timeout))
  }

  /** Cuts it without a word. */
  terminate (): void {
    this.#ws.terminate()
  }

  #gone (): void {
    if (!this.open) return
    this.open = false
    this.#broker.detach(this)
  }

  /** Resolves when the socket is closed. */
  closed (): Promise<void> {
    return new Promise(resolve => {
      if (this.#ws.readyState === this.#ws.CLOSED) resolve()
      else this.#ws.once('close', () => resolve())
    })
  }
}
