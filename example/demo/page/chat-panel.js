/** The chat: whoever has the page open, in this tab or another, reads what one of them writes, and what was written before. */
import { ChatLines } from './chat-lines.js'
import { ChatPeople } from './chat-people.js'
import { CHAT } from './visitor.js'

const ALL = -2

export class ChatPanel {
  #client = null
  #subscription = null
  #visitor
  #lines
  #people
  #written = Date.now()
  #name = document.getElementById('chat-name')
  #text = document.getElementById('chat-text')
  #status = document.getElementById('chat-status')

  constructor (visitor) {
    this.#visitor = visitor
    this.#lines = new ChatLines(({ id, name }) => id.startsWith(visitor.tab) || name === visitor.name)
    this.#people = new ChatPeople(visitor, text => this.#lines.note(text))
    this.#name.value = visitor.name
    this.#name.addEventListener('change', () => this.#rename())
    document.getElementById('chat-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#write({ id: `${visitor.tab}-${++this.#written}`, name: visitor.name, text: this.#text.value })
    })
  }

  follow (client) {
    this.#client = client
    this.#subscribe(this.#lines.last)
    this.#people.follow(client)
    client.on('connection', () => {
      if (client !== this.#client) return
      this.#introduce()
      this.#wait()
    })
    this.#wait()
  }

  // Goes on after what is shown already; where that is no longer kept, with all that is.
  #subscribe (last) {
    const subscription = this.#subscription = this.#client.subscribe(CHAT, event => this.#lines.hear(event), { replay: last ?? ALL })
    subscription.ready.catch(({ code }) => {
      if (code === 400 && last !== undefined && subscription === this.#subscription) this.#subscribe()
    })
  }

  #rename () {
    const name = this.#name.value.trim()
    if (name !== '') this.#visitor.name = name
    this.#name.value = this.#visitor.name
    this.#introduce()
  }

  // The gateway asks for a name when somebody subscribes, so who has another one leaves and comes back.
  #introduce () {
    const { name, told } = this.#visitor
    if (this.#client.connection.state !== 'connected' || told === null || told === name) return
    this.#subscription.close()
    this.#subscribe(this.#lines.last)
  }

  async #write (words) {
    this.#text.value = ''
    try {
      // What the network may have lost is sent again; should it come twice, it is known by its id.
      const sent = this.#client.publish(CHAT, words, { retry: true })
      this.#wait()
      await sent
      this.#wait()
    } catch (error) {
      this.#status.textContent = `Not sent: ${error.message}`
      if (this.#text.value === '') this.#text.value = words.text
    }
  }

  #wait () {
    const { queued } = this.#client
    this.#status.textContent = queued === 0 ? '' : `${queued} ${queued === 1 ? 'waits' : 'wait'} for the connection`
  }
}
