/** Who sits in front of the page: a name of their choice, which every subscribe to the chat brings to the gateway. */
import { BROWSER, recall, remember } from './memory.js'

export const CHAT = '/chat/demo'

export class Visitor {
  /** Of this tab: the ids of its messages begin with it. */
  tab = recall('tab', newId())
  /** The name that the gateway was told last; null before. */
  told = null
  /** For the client. */
  extension = { name: 'visitor', outgoing: message => this.#introduce(message) }
  #name

  constructor () {
    remember('tab', this.tab)
    // Who opens a second tab is the same person, until it says otherwise.
    this.name = recall('name', recall('name', `guest ${this.tab.slice(0, 3)}`, BROWSER))
  }

  get name () {
    return this.#name
  }

  set name (name) {
    this.#name = name
    remember('name', name)
    remember('name', name, BROWSER)
  }

  #introduce (message) {
    if (message.channel === '/meta/subscribe' && message.subscription === CHAT) message.ext = { ...message.ext, name: this.told = this.name }
    return message
  }
}

function newId () {
  return [...window.crypto.getRandomValues(new Uint8Array(6))].map(byte => byte.toString(16).padStart(2, '0')).join('')
}
