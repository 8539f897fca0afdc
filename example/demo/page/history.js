/** What became of the connection, for the event log. */

export class History {
  #note
  #lostAt = null
  #attempts = 0
  #client = null

  constructor (note) {
    this.#note = note
  }

  follow (client) {
    this.#client = client
    this.#lostAt = null
    this.#attempts = 0
    let before = 'idle'
    client.on('session', (_clientId, first) => {
      this.#note('session', first ? 'this page has a session' : 'a new one: what was published between the two is missed, unless it is kept')
    })
    client.on('error', error => {
      // What ends because all of it does has nothing to add.
      if (client.connection.state !== 'closed') this.#note('error', error.message)
    })
    client.on('connection', connection => {
      // One that makes room for another has nothing to tell.
      if (client !== this.#client) return
      if (before === 'connected' && connection.state !== 'closed') this.#lose()
      before = connection.state
      this[connection.state]?.(connection)
    })
  }

  connected ({ transport }) {
    const absence = this.#lostAt === null ? '' : `, after ${((Date.now() - this.#lostAt) / 1000).toFixed(1)} s without`
    this.#note('connect', `connected over ${transport}${absence}`)
    this.#lostAt = null
    this.#attempts = 0
  }

  waiting ({ until, reason }) {
    const seconds = ((until - Date.now()) / 1000).toFixed(1)
    this.#note('error', `${reason.message}; attempt ${++this.#attempts} in ${seconds} s`)
  }

  closed ({ reason }) {
    this.#note('error', reason.message)
  }

  #lose () {
    this.#lostAt = Date.now()
    this.#note('error', 'the connection is lost')
  }
}
