/** How the connection is, at the top of the page, and what to do where it is gone. */
import { duration, say } from './spell.js'

const WORDS = { idle: 'connecting', connecting: 'connecting', connected: 'live', waiting: 'connection lost', closed: 'closed' }
const TICK = 250

export class Status {
  #connection
  #lost = false
  #state = document.getElementById('state')
  #transport = document.getElementById('transport')
  #notice = document.getElementById('notice')
  #text = document.getElementById('notice-text')
  #countdown = document.getElementById('countdown')
  #hurry = document.getElementById('hurry')
  #reopen = document.getElementById('reopen')

  constructor (connection) {
    this.#connection = connection
    this.#hurry.addEventListener('click', () => connection.client.hurry())
    this.#reopen.addEventListener('click', () => connection.open())
    window.setInterval(() => this.#count(), TICK)
  }

  show () {
    const { state: now, transport, reason } = this.#connection.client.connection
    if (now !== 'connecting') this.#lost = now === 'waiting'
    // While it tries again, it is still lost.
    const state = this.#lost ? 'waiting' : now
    document.body.dataset.state = state
    say(this.#state, WORDS[state])
    say(this.#transport, state === 'connected' ? `over ${transport}` : '')
    this.#notice.hidden = state !== 'waiting' && state !== 'closed'
    say(this.#text, state === 'closed' ? `The gateway has closed the connection: ${reason?.message}` : state === 'waiting' ? 'The connection is lost: what is shown is old. The page keeps trying.' : '')
    this.#hurry.hidden = this.#countdown.hidden = state !== 'waiting'
    this.#reopen.hidden = state !== 'closed'
    this.#count()
  }

  #count () {
    const { state, until } = this.#connection.client?.connection ?? {}
    say(this.#countdown, state === 'waiting' ? `Next attempt in ${duration(Math.max(0, until - Date.now()))}` : 'Trying now')
  }
}
