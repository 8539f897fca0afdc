/** What was said in the chat, oldest first, remembered while the page is loaded again. */
import { recall, remember } from './memory.js'

const KEPT = 100

export class ChatLines {
  #pane = document.getElementById('chat-lines')
  #isMine
  /** What is shown: `{ replayId, id, name, text, at }` each. */
  #said = []

  /** @param isMine tells whether the visitor has said something */
  constructor (isMine) {
    this.#isMine = isMine
    for (const words of recall('chat', [])) this.#take(words)
    window.addEventListener('pagehide', () => remember('chat', this.#said))
  }

  /** The id of the last event that is shown, for a replay to go on after it; undefined where there is none. */
  get last () {
    return this.#said.at(-1)?.replayId
  }

  /** Shows an event, unless it is shown already: a replay may bring it again, and so may a publish that was sent twice. */
  hear ({ data, ext }) {
    if (ext.replayId <= this.last || this.#said.some(({ id }) => id === data.id)) return
    this.#take({ ...data, replayId: ext.replayId })
  }

  /** Shows who came or left. It is news, and not remembered. */
  note (text) {
    const line = document.createElement('li')
    line.className = 'news'
    line.textContent = text
    this.#append(line)
  }

  #take (words) {
    this.#said.push(words)
    if (this.#said.length > KEPT) this.#said.shift()
    this.#append(lineOf(words, this.#isMine(words)))
  }

  // Who reads further up is left there.
  #append (line) {
    const follows = this.#pane.scrollHeight - this.#pane.scrollTop - this.#pane.clientHeight < 24
    this.#pane.append(line)
    while (this.#pane.childElementCount > KEPT) this.#pane.firstElementChild.remove()
    if (follows) this.#pane.scrollTop = this.#pane.scrollHeight
  }
}

function lineOf ({ name, text, at }, mine) {
  const line = document.createElement('li')
  const who = document.createElement('b')
  const words = document.createElement('span')
  line.dataset.mine = String(mine)
  who.textContent = mine ? `${name} (you)` : name
  words.textContent = text
  line.append(who, timeOf(new Date(at)), words)
  return line
}

function timeOf (moment) {
  const time = document.createElement('time')
  const today = moment.toDateString() === new Date().toDateString()
  time.dateTime = moment.toISOString()
  time.title = moment.toLocaleString()
  time.textContent = `${today ? '' : `${moment.toDateString().slice(4, 10)} `}${moment.toTimeString().slice(0, 5)}`
  return time
}
