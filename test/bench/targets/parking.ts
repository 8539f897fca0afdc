import { eventData } from '../payload.js'
import { CHANNEL } from './target.js'

interface Place<Answer> {
  answer: Answer | null
  waiting: string[]
}

/**
 * Who polls, and what waits for each: a poll is answered with all that came for it, joined. What one turn
 * brings is one answer.
 */
export class Parking<Answer> {
  readonly #places = new Map<string, Place<Answer>>()
  readonly #reply: (answer: Answer, text: string) => void
  #dirty = false

  constructor (reply: (answer: Answer, text: string) => void) {
    this.#reply = reply
  }

  /** From here on events are kept for this client. */
  open (id: string): void {
    this.#places.set(id, { answer: null, waiting: [] })
  }

  park (id: string, answer: Answer): void {
    const place = this.#places.get(id) as Place<Answer>
    place.answer = answer
    if (place.waiting.length > 0) this.#answer(place)
  }

  publish (number: number): void {
    const text = JSON.stringify({ channel: CHANNEL, data: eventData(number) })
    for (const place of this.#places.values()) place.waiting.push(text)
    if (this.#dirty) return
    this.#dirty = true
    setImmediate(() => {
      this.#dirty = false
      for (const place of this.#places.values()) this.#answer(place)
    })
  }

  #answer (place: Place<Answer>): void {
    if (place.answer === null || place.waiting.length === 0) return
    const { answer, waiting } = place
    place.answer = null
    place.waiting = []
    this.#reply(answer, '[' + waiting.join(',') + ']')
  }
}
