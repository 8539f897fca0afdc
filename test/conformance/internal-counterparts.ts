/** Services inside this process for the suite of connectors: each form that an `internal` service may have. */
import { EventEmitter } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import type { InternalContext, InternalHandler } from '../../types/index.js'
import type { Box } from '../../types/connector.js'
import type { Counterpart, Peer, Publish } from './peer.js'
import { StreamPeer } from './stream-peer.js'

/** A handler that makes a peer for each conversation. */
export function internalCounterpart (handlerOf: (peers: Peer[]) => InternalHandler, options: object = {}): Counterpart {
  const peers: Peer[] = []
  return { service: { type: 'internal', handler: handlerOf(peers), ...options }, peers }
}

type Word = { readonly text: string, readonly said: () => void } | { readonly end: true } | { readonly error: Error }

/** What a test wants said, one word after the other, when somebody asks for it. */
class Words {
  readonly heard: string[] = []
  ended = false
  #words: Word[] = []
  #wake: () => void = () => {}
  #go: () => void = () => {}
  protected going: Promise<void> | null = null

  say (text: string): Promise<unknown> {
    return new Promise<void>(resolve => this.#add({ text, said: resolve }))
  }

  end (last: string): void {
    if (last !== '') this.#add({ text: last, said: () => {} })
    this.#add({ end: true })
  }

  break (): void {
    this.#add({ error: new Error('broken on purpose') })
  }

  pause (): void {
    this.going = new Promise(resolve => { this.#go = resolve })
  }

  resume (): void {
    this.going = null
    this.#go()
  }

  #add (word: Word): void {
    this.#words.push(word)
    this.#wake()
  }

  protected async word (): Promise<Word> {
    for (;;) {
      const word = this.#words.shift()
      if (word !== undefined) return word
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }

  stop (): void {
    this.ended = true
    this.#add({ end: true })
  }
}

/** An async generator: what it is asked for it says, and what it is told it reads in its own time. */
export class GeneratorPeer extends Words implements Peer {
  async * run (incoming: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    this.#listen(incoming)
    try {
      for (let word = await this.word(); !('end' in word); word = await this.word()) {
        if ('error' in word) throw word.error
        yield word.text
        word.said()
      }
    } finally {
      this.stop()
    }
  }

  async #listen (incoming: AsyncIterable<unknown>): Promise<void> {
    for await (const data of incoming) {
      this.heard.push(String(data))
      if (this.going !== null) await this.going
    }
    this.stop()
  }
}

/** A Duplex in object mode, or one with boxes, as an own connector makes. */
export class ObjectPeer extends Words implements Peer {
  readonly stream: Duplex

  constructor (boxed: boolean) {
    super()
    const wrap = (text: string): unknown => boxed ? { data: text } satisfies Box : text
    this.stream = new Duplex({
      objectMode: true,
      read: () => {
        this.word().then(word => {
          if ('error' in word) return this.stream.destroy(word.error)
          if ('end' in word) return this.stream.push(null)
          this.stream.push(wrap(word.text))
          word.said()
        })
      },
      write: (data, _encoding, done) => {
        this.heard.push(String(boxed ? data.data : data))
        Promise.resolve(this.going).then(() => done())
      },
      final: done => {
        this.stop()
        done()
      }
    })
  }
}

/** Who cannot be told to wait: an EventEmitter. */
export class EmitterPeer implements Peer {
  readonly heard: string[] = []
  readonly emitter = new EventEmitter()

  async say (text: string): Promise<void> {
    this.emitter.emit('message', text)
  }

  end (last: string): void {
    if (last !== '') this.emitter.emit('data', last)
    this.emitter.emit('end')
  }

  break (): void {
    this.emitter.emit('error', new Error('broken on purpose'))
  }
}

/** An object in the form of Nodefony's services. */
export class ServicePeer implements Peer {
  readonly heard: string[] = []
  ended = false
  say: (text: string) => Promise<unknown> = async () => {}
  #going: Promise<void> | null = null
  #go: () => void = () => {}
  #broken = false

  connect ({ send }: InternalContext & { readonly send: (data: unknown) => void }): void {
    this.say = async text => send(text)
  }

  async onMessage (data: unknown): Promise<void> {
    this.heard.push(String(data))
    if (this.#broken) throw new Error('broken on purpose')
    if (this.#going !== null) await this.#going
  }

  close (): void {
    this.ended = true
  }

  async break (publish: Publish): Promise<void> {
    this.#broken = true
    await publish()
  }

  pause (): void {
    this.#going = new Promise(resolve => { this.#go = resolve })
  }

  resume (): void {
    this.#going = null
    this.#go()
  }
}

/** Two ends of a stream of bytes in memory: the peer has one of them. */
export function bytesPeer (): { peer: StreamPeer, stream: Duplex } {
  const there = new PassThrough()
  const back = new PassThrough()
  const end = (readable: PassThrough, writable: PassThrough) => Duplex.from({ readable, writable })
  return { peer: new StreamPeer(end(there, back)), stream: end(back, there) }
}
