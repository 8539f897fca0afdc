/** Who is in the chat: persons, each once however many tabs they have, and word of those who come and go. */
import { CHAT } from './visitor.js'

// Who takes another name leaves and comes back in a moment, and that is no news.
const MOMENT = 300

export class ChatPeople {
  #client = null
  #visitor
  #news
  /** The names of those who are here, by session; null while nobody knows. */
  #names = null
  #list = document.getElementById('chat-people')
  #count = document.getElementById('chat-count')

  /** @param news told who came, who left, and who has another name */
  constructor (visitor, news) {
    this.#visitor = visitor
    this.#news = news
  }

  async follow (client) {
    this.#client = client
    if (this.#names === null) this.#list.dataset.why = 'Who is here is shown once the page is connected.'
    try {
      const presence = client.presence(CHAT)
      for await (const { length } of presence) {
        // Nobody is there before the page itself is.
        if (length === 0) continue
        if (this.#names !== null) await new Promise(resolve => window.setTimeout(resolve, MOMENT))
        if (client === this.#client) this.#show(presence.members)
      }
    } catch (error) {
      if (client === this.#client) this.#forget(`Who is here is not known: ${error.message}`)
    }
  }

  #show (members) {
    const names = new Map(members.map(({ id, info }) => [id, info.name]))
    if (this.#names !== null) this.#tell(this.#names, names)
    this.#names = names
    const own = this.#visitor.name
    const tabs = new Map()
    for (const name of names.values()) tabs.set(name, (tabs.get(name) ?? 0) + 1)
    const persons = [...tabs].sort(([one], [other]) => (other === own) - (one === own))
    this.#count.textContent = `${tabs.size} here`
    this.#list.replaceChildren(...persons.map(([name, count]) => personOf(name, count, name === own)))
  }

  // By name, not by session: who has a new session, or one tab less, is still here.
  #tell (before, now) {
    const left = new Set(before.values()).difference(new Set(now.values()))
    const came = new Set(now.values()).difference(new Set(before.values()))
    const { name: own } = this.#visitor
    for (const [id, name] of now) {
      const former = before.get(id)
      if (!left.has(former) || !came.has(name)) continue
      left.delete(former)
      came.delete(name)
      if (name !== own) this.#news(`${former} is now ${name}`)
    }
    for (const name of left) if (name !== own) this.#news(`${name} has left`)
    for (const name of came) if (name !== own) this.#news(`${name} is here`)
  }

  #forget (why) {
    this.#names = null
    this.#count.textContent = ''
    this.#list.dataset.why = why
    this.#list.replaceChildren()
  }
}

function personOf (name, tabs, mine) {
  const person = document.createElement('li')
  const called = document.createElement('b')
  const more = document.createElement('span')
  person.dataset.mine = String(mine)
  person.title = called.textContent = name
  more.textContent = [mine && 'you', tabs > 1 && `${tabs} tabs`].filter(Boolean).join(', ')
  person.append(called, ...more.textContent === '' ? [] : [more])
  return person
}
