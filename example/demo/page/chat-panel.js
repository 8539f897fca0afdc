/** The chat: whoever has the page open, in this tab or another, reads what one of them writes. */
import { recall, remember } from './memory.js'

const CHANNEL = '/chat/demo'
const KEPT = 100

export class ChatPanel {
  #client = null
  #me = recall('me', newId())
  #written = Date.now()
  #seen = new Set()
  #pane = document.getElementById('chat-lines')
  #name = document.getElementById('chat-name')
  #text = document.getElementById('chat-text')
  #status = document.getElementById('chat-status')

  constructor () {
    remember('me', this.#me)
    this.#name.value = recall('name', `guest ${this.#me.slice(0, 3)}`)
    this.#name.addEventListener('change', () => remember('name', this.#name.value))
    document.getElementById('chat-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#write({ id: `${this.#me}-${++this.#written}`, name: this.#name.value, text: this.#text.value })
    })
  }

  follow (client) {
    this.#client = client
    client.subscribe(CHANNEL, ({ data }) => this.#read(data))
    client.on('connection', () => this.#wait())
    this.#wait()
  }

  async #write (words) {
    this.#text.value = ''
    try {
      // What the network may have lost is sent again; should it come twice, it is known by its id.
      const sent = this.#client.publish(CHANNEL, words, { retry: true })
      this.#wait()
      await sent
      this.#wait()
    } catch (error) {
      this.#status.textContent = `Not sent: ${error.message}`
      if (this.#text.value === '') this.#text.value = words.text
    }
  }

  #read ({ id, name, text }) {
    if (this.#seen.has(id)) return
    this.#seen.add(id)
    const follows = this.#pane.scrollHeight - this.#pane.scrollTop - this.#pane.clientHeight < 24
    this.#pane.append(lineOf(name, text, id.startsWith(this.#me)))
    while (this.#pane.childElementCount > KEPT) this.#pane.firstElementChild.remove()
    if (this.#seen.size > KEPT) this.#seen.delete(this.#seen.values().next().value)
    if (follows) this.#pane.scrollTop = this.#pane.scrollHeight
  }

  #wait () {
    const { queued } = this.#client
    this.#status.textContent = queued === 0 ? '' : `${queued} ${queued === 1 ? 'waits' : 'wait'} for the connection`
  }
}

function lineOf (name, text, mine) {
  const line = document.createElement('li')
  const who = document.createElement('b')
  const time = document.createElement('time')
  const words = document.createElement('span')
  line.dataset.mine = String(mine)
  who.textContent = mine ? `${name} (you)` : name
  time.textContent = new Date().toTimeString().slice(0, 5)
  words.textContent = text
  line.append(who, time, words)
  return line
}

function newId () {
  return [...window.crypto.getRandomValues(new Uint8Array(6))].map(byte => byte.toString(16).padStart(2, '0')).join('')
}
