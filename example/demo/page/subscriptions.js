/**
 * The services that the visitor wants, through losses of connection and changes of transport: what is
 * wanted is subscribed again whenever a new session has connected.
 */
import { reasonOf } from './connection.js'

const CHANNEL = '/service/'
const RETRY = 2000

export class Subscriptions {
  #services = new Map()
  #connection
  #panels
  #onChange
  #note

  /**
   * @param panels by name: `take(data)`, and maybe `firstWords()`, what is written to the service first
   * @param onChange told of a service whenever its state is another
   */
  constructor (connection, panels, onChange, note) {
    this.#connection = connection
    this.#panels = panels
    this.#onChange = onChange
    this.#note = note
  }

  /** A new session: the server knows of no subscription any more. */
  forgetAll () {
    for (const service of this.#services.values()) {
      service.subscription = null
      this.#become(service, service.wanted ? 'waiting' : 'off')
    }
  }

  /** Subscribes what is wanted and is not subscribed. */
  restore () {
    for (const service of this.#services.values()) {
      if (service.wanted && service.subscription === null) this.#subscribe(service)
    }
  }

  toggle (name) {
    const service = this.#service(name)
    service.wanted = !service.wanted
    if (service.wanted) this.#subscribe(service)
    else this.#unsubscribe(service)
  }

  /** The server says that a service ended. */
  ended ({ subscription: channel, ext }) {
    const { reason, error } = ext.service
    const service = this.#service(channel.slice(CHANNEL.length))
    if (service.subscription !== null) this.#connection.forget(service.subscription)
    service.subscription = null
    service.wanted = false
    const why = error ?? (reason === 'ended' ? 'by the service' : reason)
    this.#note(error === undefined ? 'unsubscribe' : 'error', `${channel} ended, ${why}`)
    this.#become(service, 'ended', why)
  }

  #service (name) {
    if (!this.#services.has(name)) this.#services.set(name, { name, wanted: false, state: 'off', subscription: null })
    return this.#services.get(name)
  }

  #subscribe (service) {
    const channel = CHANNEL + service.name
    const panel = this.#panels[service.name]
    const data = panel?.firstWords?.()
    this.#become(service, 'opening')
    const subscription = this.#connection.subscribe(channel, message => this.#hear(service, message), data === undefined ? {} : { data }, reply => {
      if (service.subscription !== subscription) return
      if (reply.successful) {
        this.#note('subscribe', `${channel} open${reply.ext?.socket ? `, ${reply.ext.socket.id}` : ''}`)
        return this.#become(service, 'on')
      }
      service.subscription = null
      // Who lost the connection still wants the service; whom the server refused does not get it by asking again.
      service.wanted = reply.failure !== undefined
      this.#note('error', `${channel} refused: ${reasonOf(reply)}`)
      this.#become(service, service.wanted ? 'waiting' : 'refused', reasonOf(reply))
      // Over long-polling one request may fail while the connection holds: then nothing else brings it back.
      if (service.wanted) window.setTimeout(() => this.#connection.connected && this.restore(), RETRY)
    })
    service.subscription = subscription
  }

  #hear ({ name }, { data, ext }) {
    // A connection that many share comes and goes; what is said of it has no data.
    if (data === null && ext?.service !== undefined) return this.#note('service', `${CHANNEL}${name} ${ext.service.state}`)
    this.#panels[name]?.take(data)
  }

  #unsubscribe (service) {
    const { subscription } = service
    service.subscription = null
    this.#become(service, 'off')
    if (subscription === null) return
    this.#connection.unsubscribe(subscription, reply => {
      this.#note(reply.successful ? 'unsubscribe' : 'error', `${CHANNEL}${service.name} ${reply.successful ? 'closed' : reasonOf(reply)}`)
    })
  }

  #become (service, state, detail = '') {
    Object.assign(service, { state, detail })
    this.#onChange(service)
  }
}
