/** The state of the connection, where it cannot be missed. */

const WORDS = { idle: 'connecting', connecting: 'connecting', connected: 'connected', waiting: 'connection lost', closed: 'closed' }
const PING = 5000
const TICK = 200

export class Status {
  #client = null
  #lost = false
  #pill = document.querySelector('.state')
  #state = document.getElementById('state')
  #transport = document.getElementById('transport')
  #roundTrip = document.getElementById('round-trip')
  #notice = document.getElementById('notice')
  #text = document.getElementById('notice-text')
  #countdown = document.getElementById('countdown')
  #hurry = document.getElementById('hurry')
  #reopen = document.getElementById('reopen')

  /** @param onReopen told that the visitor wants to connect after the gateway has ended it */
  constructor (onReopen) {
    this.#reopen.addEventListener('click', onReopen)
    this.#hurry.addEventListener('click', () => this.#client.hurry())
    for (const name of ['online', 'offline']) window.addEventListener(name, () => this.show())
    window.setInterval(() => this.#client !== null && this.#count(), TICK)
    window.setInterval(() => this.#client !== null && this.#ping(), PING)
  }

  /** Shows how this client is from now on. */
  follow (client) {
    this.#client = client
    this.#lost = false
    this.#roundTrip.textContent = '–'
    client.on('connection', () => {
      if (client === this.#client) this.show()
    })
    client.on('roundTrip', milliseconds => {
      if (client === this.#client) this.#roundTrip.textContent = `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
    })
    this.show()
  }

  /** Shows it as it is now. */
  show () {
    const { connection } = this.#client
    if (connection.state !== 'connecting') this.#lost = connection.state === 'waiting'
    // While it tries again, it is still lost.
    const state = this.#lost ? 'waiting' : connection.state
    this.#pill.dataset.state = document.body.dataset.state = state
    say(this.#state, WORDS[state])
    this.#transport.textContent = connection.transport ?? 'nothing'
    this.#notice.hidden = state !== 'waiting' && state !== 'closed'
    say(this.#text, this.#notice.hidden ? '' : noticeOf(state, connection.reason))
    this.#hurry.hidden = this.#countdown.hidden = state !== 'waiting'
    this.#reopen.hidden = state !== 'closed'
    this.#count()
  }

  #count () {
    const { state, until } = this.#client.connection
    this.#countdown.textContent = state === 'waiting' ? `Next attempt in ${Math.max(0, Math.ceil((until - Date.now()) / 1000))} s` : 'Trying now'
  }

  // So that the round trip is of now, also where nothing happens.
  #ping () {
    if (this.#client.connection.state === 'connected') this.#client.ping().catch(() => {})
  }
}

function noticeOf (state, reason) {
  if (state === 'closed') return `The gateway has closed the connection: ${reason.message}`
  if (document.body.dataset.network === 'cut') return 'The network is cut. The page keeps trying, and goes on where it was once it is mended.'
  if (!window.navigator.onLine) return 'This browser is offline. The page goes on where it was once it is back.'
  return 'The connection is lost. The page keeps trying, and goes on where it was.'
}

// A text that is set again would be read out again.
function say (element, text) {
  if (element.textContent !== text) element.textContent = text
}
