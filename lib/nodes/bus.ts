import type { FastifyBaseLogger } from 'fastify'
import type { Backplane } from '../../types/index.js'
import { now } from '../broker/wheel.js'
import { newNodeName } from './name.js'
import { inParts, Parts } from './parts.js'
import { readWord, spellWord, type Said, type Word } from './words.js'

/** Who hears what comes over the bus. */
export interface Listeners {
  readonly event: (payload: string, channel: string, interest: string) => void
  readonly word: (word: Word, lines: string[]) => void
  readonly absent: (node: string) => void
  readonly turned: (up: boolean) => void
}

/**
 * The backplane as one node uses it: words instead of texts, and the knowledge whether it is there. It is where its driver says so
 * and it answers in time; what is said while it is not goes nowhere.
 */
export class Bus {
  readonly name = newNodeName()
  up = false
  /** When that began, in ms since 1970. */
  since = Date.now()
  readonly #backplane: Backplane
  readonly #listeners: Listeners
  readonly #silence: number
  readonly #log: FastifyBaseLogger
  readonly #parts = new Parts()
  #connected = false
  /** Changes when it comes and goes. */
  #stay = 0
  #troubled = false
  /** Words that went in parts. */
  #long = 0
  // When it was asked for a sign of life that has not come, on the clock of `now`; Infinity: it owes none.
  #asked = Infinity

  /** @param silence ms until a bus that does not answer is taken for gone */
  constructor (backplane: Backplane, silence: number, listeners: Listeners, log: FastifyBaseLogger) {
    this.#backplane = backplane
    this.#silence = silence
    this.#listeners = listeners
    this.#log = log
  }

  async open (): Promise<void> {
    await this.#backplane.open(this.name, {
      event: this.#listeners.event,
      message: text => this.#hear(text),
      absent: this.#listeners.absent,
      trouble: error => {
        // It is told at every attempt to come back: once is enough.
        this.#log[this.#troubled ? 'debug' : 'warn']({ err: error }, 'the backplane is in trouble')
        this.#troubled = true
      },
      state: connected => {
        this.#connected = connected
        // What was asked on the way to a connection that is broken is not answered.
        this.#asked = Infinity
        this.#stay++
        this.#turn()
      }
    })
  }

  /** Bytes that one payload may have; undefined: any. */
  get longest (): number | undefined {
    return this.#backplane.longest
  }

  publish (channel: string, payload: string): void {
    if (this.up) this.#backplane.publish(channel, payload)
  }

  send (node: string, said: Said, lines: readonly string[] = []): void {
    if (this.up) for (const part of this.#spell(said, lines)) this.#backplane.send(node, part)
  }

  shout (said: Said, lines: readonly string[] = []): void {
    if (this.up) for (const part of this.#spell(said, lines)) this.#backplane.shout(part)
  }

  /** Passes on what another node has said. */
  pass (node: string, word: Word, lines: readonly string[]): void {
    if (this.up) for (const part of this.#inParts(spellWord(word, lines))) this.#backplane.send(node, part)
  }

  /** A node is gone, or was cut off. */
  forget (node: string): void {
    this.#parts.forget(node)
  }

  #spell (said: Said, lines: readonly string[]): string[] {
    return this.#inParts(spellWord({ from: this.name, ...said } as Word, lines))
  }

  #inParts (text: string): string[] {
    const parts = inParts(this.name, this.#long, text, this.longest)
    if (parts.length > 1) this.#long++
    return parts
  }

  #hear (text: string): void {
    const whole = this.#parts.take(text)
    if (whole === null) return
    try {
      const { word, lines } = readWord(whole)
      if (word.from !== this.name) this.#listeners.word(word, lines)
    } catch (error) {
      this.#log.warn({ err: error }, 'a node said what could not be understood')
    }
  }

  /** What it said for so long (ms) may wait to be heard. */
  excuse (late: number): void {
    this.#asked += late
  }

  /** Asks for a sign of life, and looks whether one is overdue; called now and then. */
  watch (): void {
    if (!this.#connected) return
    if (this.#asked === Infinity) {
      const stay = this.#stay
      const answered = () => {
        if (this.#stay === stay) this.#asked = Infinity
        this.#turn()
      }
      this.#asked = now()
      this.#backplane.flush().then(answered, answered)
    }
    this.#turn()
  }

  #turn (): void {
    const up = this.#connected && now() - this.#asked < this.#silence
    if (up === this.up) return
    this.up = up
    this.since = Date.now()
    if (up) this.#troubled = false
    this.#log[up ? 'info' : 'warn']({ node: this.name }, up ? 'the backplane is there' : 'the backplane is gone')
    this.#listeners.turned(up)
  }

  async close (): Promise<void> {
    this.up = false
    await this.#backplane.close()
  }
}
