/** The services that the visitor wants: open with each client, until they end or are left. */
import { recall, remember } from './memory.js'

export class Conversations {
  #client = null
  #open = new Map()
  #wanted = new Set(recall('services', []))
  #panels
  #onChange
  #note

  /**
   * @param panels by name: `take(data)`, and maybe `meet(service)`, told of a conversation that begins
   * @param onChange told of a name, the state of its service, and why it is so
   */
  constructor (panels, onChange, note) {
    this.#panels = panels
    this.#onChange = onChange
    this.#note = note
  }

  /** Goes on with another client. */
  follow (client) {
    this.#client = client
    this.#open.clear()
    for (const name of this.#wanted) this.#begin(name)
  }

  toggle (name) {
    const service = this.#open.get(name)
    if (service === undefined) this.#want(name, true)
    if (service === undefined) return this.#begin(name)
    this.#want(name, false)
    this.#open.delete(name)
    service.end()
    this.#note('unsubscribe', `${name} left`)
    this.#onChange(name, 'off')
  }

  #begin (name) {
    const panel = this.#panels[name]
    const service = this.#client.service(name)
    this.#open.set(name, service)
    this.#onChange(name, service.state)
    service.on('data', data => panel?.take(data))
    service.on('state', (state, reason, error) => {
      // One that was left, or belongs to a client of before, is nobody's concern.
      if (this.#open.get(name) !== service) return
      if (state === 'ended') return this.#end(name, reason, error)
      this.#note(state === 'connected' ? 'subscribe' : 'service', `${name} ${state}${reason === undefined ? '' : `, ${reason}`}`)
      this.#onChange(name, state)
    })
    panel?.meet?.(service)
  }

  #end (name, reason, error) {
    this.#open.delete(name)
    // What ended with its client is wanted from the next one.
    if (this.#client.connection.state === 'closed') return this.#onChange(name, 'connecting')
    this.#want(name, false)
    const why = error?.message ?? (reason === 'ended' ? 'by the service' : reason)
    const state = reason === 'refused' ? 'refused' : 'ended'
    this.#note(error === null ? 'unsubscribe' : 'error', `${name} ${state}: ${why}`)
    this.#onChange(name, state, why)
  }

  #want (name, wanted) {
    this.#wanted[wanted ? 'add' : 'delete'](name)
    remember('services', [...this.#wanted])
  }
}
