/** The state of the connection, where it cannot be missed. */

const WORDS = { connecting: 'connecting', connected: 'connected', lost: 'connection lost', closed: 'closed' }
const NOTICES = {
  lost: 'The connection is lost. The page keeps trying, and goes on where it was once the server answers.',
  closed: 'The server ended the session.'
}

export class Status {
  #pill = document.querySelector('.state')
  #state = document.getElementById('state')
  #transport = document.getElementById('transport')
  #notice = document.getElementById('notice')
  #text = document.getElementById('notice-text')
  #reconnect = document.getElementById('reconnect')

  constructor (onReconnect, onTransport) {
    this.#reconnect.addEventListener('click', onReconnect)
    for (const input of inputs()) input.addEventListener('change', () => onTransport(input.value))
  }

  show ({ state, transport }) {
    this.#pill.dataset.state = state
    document.body.dataset.state = state
    this.#state.textContent = WORDS[state]
    this.#transport.textContent = transport ?? 'nothing'
    this.#text.textContent = NOTICES[state] ?? ''
    this.#notice.hidden = NOTICES[state] === undefined
    this.#reconnect.hidden = state !== 'closed'
    // After a fallback the switch says what is in use, so that the other can be chosen again.
    if (state !== 'connected') return
    for (const input of inputs()) input.checked = input.value === transport
  }
}

function inputs () {
  return document.querySelectorAll('input[name="transport"]')
}
